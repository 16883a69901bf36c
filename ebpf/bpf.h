/* bpf.h - what every program here includes: the kernel's BPF interface, and atomics.
 * The kernel's memory model orders nothing by itself; of BPF's instructions only the atomic ones that return a value
 * are full barriers (Linux 5.12). So shared words are read and written by these. */
#pragma once
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "hivemind/ebpf.h"

/* On one word of the table, which other processors and user space change too. */
#define READ_SHARED(word) (*(volatile __u32*)&(word))
#define READ_ORDERED(word) __sync_fetch_and_add(&(word), 0)
#define WRITE_ORDERED(word, value) __sync_lock_test_and_set(&(word), (value))
#define COUNT(word) __sync_fetch_and_add(&(word), 1)
