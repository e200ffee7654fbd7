/* Calls of the enclave that is larger than the EPC. */
#ifndef PAGING_H
#define PAGING_H

enum { FILL, WALK, SUM };
enum { TABLE_BYTES = 3 << 20, STEPS = 1500 };

#endif
