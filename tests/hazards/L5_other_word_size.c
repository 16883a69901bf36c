/* A program of 32 bits, dynamic and without a libc: its loader cannot take our object. It ends with status 7. */
void _start(void);
void _start(void) { __asm__ volatile("movl $1, %eax\n\tmovl $7, %ebx\n\tint $0x80"); }
