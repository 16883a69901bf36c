/* endpoint.bpf.h - a destination as the programs see it, whatever its family. */
#pragma once
#include "ebpf/bpf.h"

#define AF_INET 2
#define AF_INET6 10
#define MAPPED_PREFIX bpf_htonl(0xFFFF) /* third word of ::ffff:a.b.c.d */

struct endpoint {
  __u32 address[4]; /* network order; IPv4 as ::ffff:a.b.c.d */
  __u16 port;       /* host order */
  __u16 family;     /* AF_INET or AF_INET6: of the caller's sockaddr */
};

static __always_inline struct endpoint v4_endpoint(struct bpf_sock_addr* ctx) {
  struct endpoint to = {
      .address = {0, 0, MAPPED_PREFIX, ctx->user_ip4}, .port = bpf_ntohs((__u16)ctx->user_port), .family = AF_INET};
  return to;
}

static __always_inline struct endpoint v6_endpoint(struct bpf_sock_addr* ctx) {
  struct endpoint to = {.address = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]},
                        .port = bpf_ntohs((__u16)ctx->user_port),
                        .family = AF_INET6};
  return to;
}

static __always_inline bool is_v4(const struct endpoint* to) {
  return to->address[0] == 0 && to->address[1] == 0 && to->address[2] == MAPPED_PREFIX;
}

static __always_inline bool is_loopback(const struct endpoint* to) {
  if (is_v4(to)) return bpf_ntohl(to->address[3]) >> 24 == 127;
  return to->address[0] == 0 && to->address[1] == 0 && to->address[2] == 0 && to->address[3] == bpf_htonl(1);
}

/* Where TCP cannot go, or where only the caller's scope makes sense of the address. */
static __always_inline bool is_beyond_tcp(const struct endpoint* to) {
  const __u32 first = bpf_ntohl(to->address[0]);
  if (is_v4(to)) {
    const __u32 net = bpf_ntohl(to->address[3]) >> 24;
    return net == 0 || net >= 224;
  }
  if (first >> 24 == 0xFF || first >> 22 == 0xFE80 >> 6) return true; /* multicast, link-local */
  return first == 0 && to->address[1] == 0 && to->address[2] == 0 && to->address[3] == 0;
}
