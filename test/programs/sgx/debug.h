/* Calls of the enclave that is debugged. */
#ifndef DEBUG_H
#define DEBUG_H

/* WHERE: the address of its secret. TELL: the secret. FAULT: an exception, then the number 5. SPIN: until the secret is 0. */
enum { WHERE, TELL, FAULT, SPIN };

#endif
