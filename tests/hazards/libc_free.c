/* A dynamic executable without a libc: the loader still loads what LD_PRELOAD names. Exits 0 by itself. */
void _start(void);
void _start(void) {
#if defined(__x86_64__)
  __asm__ volatile("syscall" : : "a"(231L), "D"(0L) : "rcx", "r11", "memory");
#else
  register long x8 __asm__("x8") = 94;
  register long x0 __asm__("x0") = 0;
  __asm__ volatile("svc 0" : : "r"(x8), "r"(x0) : "memory");
#endif
  for (;;) {
  }
}
