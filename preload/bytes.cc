// What the compiler may call even in a freestanding object. Hidden: a program never binds to these.
#include <stddef.h>

extern "C" {
void* memcpy(void* __restrict to, const void* __restrict from, size_t size);
void* memset(void* to, int value, size_t size);

void* memcpy(void* __restrict to, const void* __restrict from, size_t size) {
  auto* t = static_cast<unsigned char*>(to);
  const auto* f = static_cast<const unsigned char*>(from);
  for (size_t i = 0; i < size; ++i) {
    t[i] = f[i];
    asm volatile("" ::: "memory");  // keeps the loop from being turned into a call of memcpy
  }
  return to;
}
void* memset(void* to, int value, size_t size) {
  auto* t = static_cast<unsigned char*>(to);
  for (size_t i = 0; i < size; ++i) {
    t[i] = static_cast<unsigned char>(value);
    asm volatile("" ::: "memory");
  }
  return to;
}
}
