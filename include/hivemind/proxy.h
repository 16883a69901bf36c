/* proxy.h - what a client of a run's listener says to be let through as to an HTTP proxy (CONNECT).
 *
 * hivemind-run puts http://hivemind:SECRET@127.0.0.1:PORT into HTTPS_PROXY, SECRET being hm_table.proxy_secret in
 * hexadecimal; clients make `Proxy-Authorization: Basic ...` of it. A table whose secret is all zero lets nobody in. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HM_PROXY_USER "hivemind"
#define HM_PROXY_SECRET_SIZE 16
#define HM_PROXY_PASSWORD_SIZE 32      /* the secret in hexadecimal */
#define HM_PROXY_AUTHORIZATION_SIZE 62 /* "Basic " and the base64 of user, colon and password */

static inline int hm_proxy_is_open(const uint8_t* secret) {
  uint8_t any = 0;
  size_t i;
  for (i = 0; i < HM_PROXY_SECRET_SIZE; ++i) any = (uint8_t)(any | secret[i]);
  return any != 0;
}

/* Both write a terminating NUL, too. */
static inline void hm_proxy_password(const uint8_t* secret, char out[HM_PROXY_PASSWORD_SIZE + 1]) {
  size_t i;
  for (i = 0; i < HM_PROXY_SECRET_SIZE; ++i) {
    out[2 * i] = "0123456789abcdef"[secret[i] >> 4];
    out[2 * i + 1] = "0123456789abcdef"[secret[i] & 15];
  }
  out[HM_PROXY_PASSWORD_SIZE] = '\0';
}

static inline void hm_proxy_authorization(const uint8_t* secret, char out[HM_PROXY_AUTHORIZATION_SIZE + 1]) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char plain[sizeof HM_PROXY_USER ":" + HM_PROXY_PASSWORD_SIZE] = HM_PROXY_USER ":";
  const size_t size = sizeof plain - 1;
  size_t from, to = 6;
  hm_proxy_password(secret, plain + sizeof HM_PROXY_USER ":" - 1);
  for (from = 0; from < 6; ++from) out[from] = "Basic "[from];
  for (from = 0; from < size; from += 3) {
    const uint32_t a = (uint8_t)plain[from], b = from + 1 < size ? (uint8_t)plain[from + 1] : 0u,
                   c = from + 2 < size ? (uint8_t)plain[from + 2] : 0u, all = a << 16 | b << 8 | c;
    out[to++] = digits[all >> 18];
    out[to++] = digits[all >> 12 & 63u];
    out[to++] = from + 1 < size ? digits[all >> 6 & 63u] : '=';
    out[to++] = from + 2 < size ? digits[all & 63u] : '=';
  }
  out[to] = '\0';
}
