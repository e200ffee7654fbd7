/* What the host of fault asks its enclave for, in RDI. */
enum {
	PAGE_ADDRESS = 1, /* where the page is */
	PAGE_WRITE = 2,	  /* write RSI into the page, return what it then holds */
};
