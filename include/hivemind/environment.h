/* environment.h - the environment variables the parts share. */
#pragma once
#define HM_ENV_DISABLE "HIVEMIND_DISABLE" /* "1": the preload object does nothing; read before anything else */
#define HM_ENV_TABLE "HIVEMIND_TABLE"     /* absolute path of the run's token table */
#define HM_ENV_RUN "HIVEMIND_RUN"         /* run id, 16 hexadecimal digits: tells a nested run its parent */
#define HM_ENV_PRELOAD "HIVEMIND_PRELOAD" /* what to put back into LD_PRELOAD: absolute paths, colons, ours last */
#define HM_ENV_RUNTIME_DIR "HIVEMIND_RUNTIME_DIR" /* instead of $XDG_RUNTIME_DIR/hivemind (else /tmp/hivemind-UID) */
#define HM_ENV_STATE_DIR "HIVEMIND_STATE_DIR" /* instead of $XDG_STATE_HOME/hivemind (else ~/.local/state/hivemind) */
#define HM_ENV_CONFIG "HIVEMIND_CONFIG" /* instead of $XDG_CONFIG_HOME/hivemind/hivemind.toml (else ~/.config/...) */

/* Names inside the runtime directory (0700, owned by the user). */
#define HM_CONTROL_SOCKET "control.sock" /* HTTP/1.1 with JSON */
#define HM_HANDOVER_SOCKET "run.sock"    /* SOCK_SEQPACKET, handover.h */
#define HM_DAEMON_LOCK "daemon.lock"     /* flock held by the daemon for its life */
#define HM_START_LOCK "start.lock"       /* flock held by whoever starts the daemon */
#define HM_RUNS_DIR "runs"               /* token tables, one file per run: RUNID.table */
/* Names inside the state directory (0700). */
#define HM_ROOT_BUNDLE                                                                                          \
  "ca/roots.pem"                 /* every unexpired root of ours, PEM; written by the daemon before it is ready \
                                  */
#define HM_BUNDLES_DIR "bundles" /* merged bundles made by hivemind-run, named by content hash */
#define HM_LOG_FILE "hivemindd.log"
#define HM_PUBLIC_BUNDLES_DIR "/run/hivemind-bundles" /* root's bundles: 0755, certificates and nothing else */
