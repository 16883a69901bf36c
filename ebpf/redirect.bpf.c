/* redirect.bpf.c - connects of one cgroup to captured ports become connects to a run's listener.
 * Invariants: whatever cannot be captured goes where it wanted to; an original destination is in the table before the
 * connect that needs it goes on; a program attached to a cgroup above sees a destination of ours and leaves it alone.
 * ebpf/README.md follows one connect through these programs. */
#include "ebpf/table.bpf.h"

#define LOOPBACK_DEVICE 1
/* The compiler would merge two branches that read from ctx into one read at a computed place, which is not allowed. */
#define KEEP_APART asm volatile("" ::: "memory")

/* What a socket of the run was asked to connect to. Goes away with the socket. */
struct captured {
  __u32 slot, live; /* the slot and its state word when it was published */
  struct endpoint original;
  __u32 sourceless; /* the slot waits for the connection's source */
};
struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct captured);
} captured_sockets SEC(".maps");

static __always_inline bool is_ours(struct hm_table* table, const struct endpoint* to) {
  if (!is_loopback(to)) return false;
  return to->port == table->listener_port || (is_v4(to) && hm_is_token(bpf_ntohl(to->address[3])));
}

/* Without a listener the kernel answers ECONNREFUSED, and shall. */
static __always_inline bool is_listened_on(struct bpf_sock_addr* ctx, const struct endpoint* to) {
  struct bpf_sock_tuple tuple = {};
  struct bpf_sock* listener;
  if (is_v4(to)) {
    tuple.ipv4.saddr = tuple.ipv4.daddr = to->address[3];
    tuple.ipv4.dport = bpf_htons(to->port);
    listener = bpf_sk_lookup_tcp(ctx, &tuple, sizeof tuple.ipv4, BPF_F_CURRENT_NETNS, 0);
  } else {
    __builtin_memcpy(tuple.ipv6.saddr, to->address, sizeof to->address);
    __builtin_memcpy(tuple.ipv6.daddr, to->address, sizeof to->address);
    tuple.ipv6.dport = bpf_htons(to->port);
    listener = bpf_sk_lookup_tcp(ctx, &tuple, sizeof tuple.ipv6, BPF_F_CURRENT_NETNS, 0);
  }
  if (!listener) return false;
  bpf_sk_release(listener);
  return true;
}

static __always_inline bool has_route(struct hm_kernel_table* kernel, const struct endpoint* to) {
  return READ_SHARED(kernel->reach) & (is_v4(to) ? HM_REACH_IPV4 : HM_REACH_IPV6);
}

static __always_inline bool is_exempt(struct hm_kernel_table* kernel) {
  const __u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (pid == (__u32)READ_SHARED(kernel->daemon_pid) || pid == (__u32)kernel->relay_pid) return true;
  const __u32 count = kernel->uid_count, uid = (__u32)bpf_get_current_uid_gid();
  bool listed = false;
  if (kernel->exempt_count != 0 && kernel->exempt_uid == uid) return true;
#pragma unroll
  for (__u32 i = 0; i < HM_UID_COUNT; i++)
    if (i < count && kernel->uids[i] == uid) listed = true;
  return count != 0 && !listed;
}

/* Whether this connect is to be redirected. What is not is counted, if it could have been. */
static __always_inline bool is_wanted(struct bpf_sock_addr* ctx, struct hm_kernel_table* kernel,
                                      const struct endpoint* to) {
  if (kernel->table.listener_port == 0 || is_ours(&kernel->table, to)) return false;
  if (is_exempt(kernel)) return false;
  if (!captures_port(to->port)) {
    COUNT_PROCESS(kernel, by_port);
    return false;
  }
  if (is_beyond_tcp(to)) return false;
  const bool elsewhere = ctx->sk && ctx->sk->bound_dev_if != 0 && ctx->sk->bound_dev_if != LOOPBACK_DEVICE;
  const bool another_network = kernel->network != 0 && kernel->network != bpf_get_netns_cookie(ctx);
  if (elsewhere || another_network || (!is_loopback(to) && !has_route(kernel, to))) {
    COUNT_PROCESS(kernel, by_socket);
    return false;
  }
  if (is_loopback(to) && !is_listened_on(ctx, to)) {
    COUNT_PROCESS(kernel, refused);
    return false;
  }
  return true;
}

/* Claims and publishes a slot for this connect; nullptr: it goes direct. */
static __always_inline struct captured* capture(struct bpf_sock_addr* ctx, struct hm_kernel_table* kernel,
                                                const struct endpoint* to) {
  if (!ctx->sk) return 0;
  struct captured* captured = bpf_sk_storage_get(&captured_sockets, ctx->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
  if (!captured) return 0;
  if (captured->live) take_back(kernel, captured->slot, captured->live); /* an earlier connect that failed */
  captured->live = 0;

  const __u64 held = claim(kernel);
  const __u32 index = (__u32)held;
  if (held == NO_SLOT || index >= HM_SLOT_COUNT) {
    COUNT_PROCESS(kernel, full);
    return 0;
  }
  captured->slot = index;
  captured->live = ((__u32)(held >> 32) & ~HM_STATE_MASK) | HM_LIVE;
  captured->original = *to;
  captured->sourceless = 1;

  struct hm_slot* slot = &kernel->table.slots[index];
  slot->flags = HM_BY_EBPF | (is_loopback(to) ? HM_LOCAL_SERVER : 0);
  slot->pid = bpf_get_current_pid_tgid() >> 32;
  slot->owner = 0;
  slot->claimed_ns = bpf_ktime_get_ns();
  __builtin_memcpy(slot->address, to->address, sizeof slot->address);
  slot->port = to->port;
  slot->family = to->family;
  slot->scope_id = 0;
  slot->process = process_index();
  slot->name[0] = 0;
  kernel->sources[index].port = 0;
  WRITE_ORDERED(slot->state, captured->live);
  COUNT_PROCESS(kernel, captured);
  return captured;
}

static __always_inline bool is_tcp(struct bpf_sock_addr* ctx) {
  return ctx->type == 1 /* SOCK_STREAM */ && ctx->protocol == 6 /* IPPROTO_TCP */;
}

/* QUIC to an LLM host cannot be scheduled: its client falls back to TCP, at once. */
static __always_inline bool is_refused_quic(struct hm_kernel_table* kernel, struct bpf_sock_addr* ctx,
                                            const struct endpoint* to) {
  if (ctx->protocol != 17 /* IPPROTO_UDP */ || to->port != 443 || kernel->table.listener_port == 0) return false;
  if (!captures_port(443)) return false;
  if (is_exempt(kernel)) return false;
  return is_llm_address(to->address[0], to->address[1], to->address[2], to->address[3]);
}

#define GO_ON 1
#define REFUSE 0 /* EPERM */

SEC("cgroup/connect4")
int on_connect4(struct bpf_sock_addr* ctx) {
  struct hm_kernel_table* kernel = the_table();
  if (!kernel) return GO_ON;
  const struct endpoint to = v4_endpoint(ctx);
  if (!is_tcp(ctx)) return is_refused_quic(kernel, ctx, &to) ? REFUSE : GO_ON;
  if (!is_wanted(ctx, kernel, &to)) return GO_ON;
  const struct captured* captured = capture(ctx, kernel, &to);
  if (!captured) return GO_ON;
  ctx->user_ip4 = bpf_htonl(hm_token(captured->slot, captured->live));
  ctx->user_port = bpf_htons(kernel->table.listener_port);
  return GO_ON;
}

SEC("cgroup/connect6")
int on_connect6(struct bpf_sock_addr* ctx) {
  struct hm_kernel_table* kernel = the_table();
  if (!kernel) return GO_ON;
  const struct endpoint to = v6_endpoint(ctx);
  if (!is_tcp(ctx)) return is_refused_quic(kernel, ctx, &to) ? REFUSE : GO_ON;
  if (!is_wanted(ctx, kernel, &to)) return GO_ON;
  const struct captured* captured = capture(ctx, kernel, &to);
  if (!captured) return GO_ON;
  /* ::1 and not a token: a program cannot ask for IPV6_V6ONLY, and such a socket reaches no mapped address. */
  if (!is_v4(&to)) {
    ctx->user_ip6[2] = 0;
    ctx->user_ip6[3] = bpf_htonl(1);
  } else {
    ctx->user_ip6[2] = MAPPED_PREFIX;
    ctx->user_ip6[3] = bpf_htonl(hm_token(captured->slot, captured->live));
  }
  ctx->user_ip6[0] = 0;
  ctx->user_ip6[1] = 0;
  ctx->user_port = bpf_htons(kernel->table.listener_port);
  return GO_ON;
}

/* The port is chosen and the SYN not sent: in time for whoever accepts, also with fast open. */
SEC("sockops")
int on_tcp_event(struct bpf_sock_ops* ctx) {
  if (ctx->op != BPF_SOCK_OPS_TCP_CONNECT_CB) return GO_ON;
  struct bpf_sock* sk = ctx->sk;
  if (!sk) return GO_ON;
  struct captured* captured = bpf_sk_storage_get(&captured_sockets, sk, 0, 0);
  struct hm_kernel_table* kernel = the_table();
  if (!captured || !kernel || !captured->sourceless || captured->slot >= HM_SLOT_COUNT) return GO_ON;
  captured->sourceless = 0;
  struct hm_source* source = &kernel->sources[captured->slot];
  if (ctx->family == AF_INET6) {
    const __u32 words[4] = {ctx->local_ip6[0], ctx->local_ip6[1], ctx->local_ip6[2], ctx->local_ip6[3]};
    __builtin_memcpy(source->address, words, sizeof words);
    KEEP_APART;
  } else {
    const __u32 words[4] = {0, 0, MAPPED_PREFIX, ctx->local_ip4};
    __builtin_memcpy(source->address, words, sizeof words);
    KEEP_APART;
  }
  WRITE_ORDERED(source->port, ctx->local_port);
  return GO_ON;
}

/* What the socket that is connected to `peer` was asked to connect to. A socket of MPTCP has given the connect to one
 * that we do not see here; its token still tells. */
static __always_inline bool find_original(struct bpf_sock_addr* ctx, const struct endpoint* peer,
                                          struct endpoint* original) {
  struct hm_kernel_table* kernel = the_table();
  if (!kernel || !ctx->sk || !is_loopback(peer) || peer->port != kernel->table.listener_port) return false;
  const struct captured* captured = bpf_sk_storage_get(&captured_sockets, ctx->sk, 0, 0);
  if (captured) {
    *original = captured->original;
    return captured->live;
  }
  const __u32 token = bpf_ntohl(peer->address[3]), index = hm_token_slot(token);
  if (!is_v4(peer) || !hm_is_token(token)) return false;
  struct hm_slot* slot = &kernel->table.slots[index];
  const __u32 state = READ_ORDERED(slot->state);
  __builtin_memcpy(original->address, slot->address, sizeof original->address);
  original->port = slot->port;
  return hm_token(index, state) == token && (state & HM_STATE_MASK) != HM_CLAIMED &&
         READ_ORDERED(slot->state) >> HM_STATE_SHIFT == state >> HM_STATE_SHIFT;
}

SEC("cgroup/getpeername4")
int on_getpeername4(struct bpf_sock_addr* ctx) {
  const struct endpoint peer = v4_endpoint(ctx);
  struct endpoint original = {};
  if (!find_original(ctx, &peer, &original)) return GO_ON;
  ctx->user_ip4 = original.address[3];
  ctx->user_port = bpf_htons(original.port);
  return GO_ON;
}

SEC("cgroup/getpeername6")
int on_getpeername6(struct bpf_sock_addr* ctx) {
  const struct endpoint peer = v6_endpoint(ctx);
  struct endpoint original = {};
  if (!find_original(ctx, &peer, &original)) return GO_ON;
  ctx->user_ip6[0] = original.address[0];
  ctx->user_ip6[1] = original.address[1];
  ctx->user_ip6[2] = original.address[2];
  ctx->user_ip6[3] = original.address[3];
  ctx->user_port = bpf_htons(original.port);
  return GO_ON;
}

SEC("cgroup/sendmsg4")
int on_sendmsg4(struct bpf_sock_addr* ctx) {
  struct hm_kernel_table* kernel = the_table();
  const struct endpoint to = v4_endpoint(ctx);
  return kernel && is_refused_quic(kernel, ctx, &to) ? REFUSE : GO_ON;
}

SEC("cgroup/sendmsg6")
int on_sendmsg6(struct bpf_sock_addr* ctx) {
  struct hm_kernel_table* kernel = the_table();
  const struct endpoint to = v6_endpoint(ctx);
  return kernel && is_refused_quic(kernel, ctx, &to) ? REFUSE : GO_ON;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL"; /* the kernel keeps some helpers to the latter */
