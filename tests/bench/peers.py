"""The servers a benchmark is run beside, from Debian: nginx as origin and as proxy, HAProxy as proxy.

All are given what HiveMind has: one process, keep-alive on both sides, no access log; over TLS a P-256 leaf in front
and a verified upstream behind.
"""
import os
import socket

from process import Process, until

FAR = "192.0.2.1"  # an address of this machine in the private namespace that no program takes for local
HOST = "api.anthropic.com"
ANSWER = '{"id":"msg_bench","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"%s"}],"stop_reason":"end_turn","usage":{"input_tokens":250,"output_tokens":5}}'


def free_port():
    with socket.socket() as s:
        s.bind(("0.0.0.0", 0))
        return s.getsockname()[1]


def listening(address, port):
    with socket.socket() as s:
        return s.connect_ex((address, port)) == 0


class Nginx(Process):
    def __init__(self, folder, name, servers, upstreams=""):
        base = os.path.join(folder, name)
        os.mkdir(base)
        temp = "\n".join(f"{kind}_temp_path {base}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{base}/nginx.conf", "w") as f:
            f.write(f"""daemon off; master_process off; worker_processes 1; user root;
pid {base}/pid; error_log {base}/error.log warn; worker_rlimit_nofile 20000;
events {{ worker_connections 8192; }}
http {{ access_log off; {temp} keepalive_requests 100000000; keepalive_timeout 600s; default_type application/json;
tcp_nodelay on; {upstreams}
{servers} }}
""")
        super().__init__(["nginx", "-c", f"{base}/nginx.conf", "-e", f"{base}/error.log"], folder, name=name)


class Origin(Nginx):
    """1 KiB of JSON to every request. Two ports each of plain and TLS: one that is captured and one that is not."""

    def __init__(self, folder, files):
        self.captured, self.plain, self.captured_tls, self.tls = (free_port() for _ in range(4))
        answer = ANSWER % ("benchmark " * 100)[:1024 - len(ANSWER) + 2]
        listen = "".join(f"listen {FAR}:{port}{kind}; listen 127.0.0.1:{port}{kind};" for port, kind in (
            (self.captured, ""), (self.plain, ""), (self.captured_tls, " ssl"), (self.tls, " ssl")))
        super().__init__(folder, "origin", f"""server {{ {listen} ssl_certificate {files['cert']}; ssl_certificate_key {files['key']};
location / {{ return 200 '{answer}'; }} }}""")
        until(lambda: listening("127.0.0.1", self.tls), "nginx listens")


class NginxProxy(Nginx):
    def __init__(self, folder, files, origin, events):
        self.plain, self.tls, self.events = (free_port() for _ in range(3))
        way = f"proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host {HOST};"
        verify = f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {files['ca']}; proxy_ssl_name {HOST}; proxy_ssl_server_name on;"
        super().__init__(folder, "proxy", f"""
server {{ listen {FAR}:{self.plain}; location / {{ proxy_pass http://plain; {way} }} }}
server {{ listen {FAR}:{self.tls} ssl; ssl_certificate {files['cert']}; ssl_certificate_key {files['key']};
  location / {{ proxy_pass https://tls; {way} {verify} }} }}
server {{ listen {FAR}:{self.events}; location / {{ proxy_pass http://events; {way} proxy_buffering off; }} }}""", f"""
upstream plain {{ server {FAR}:{origin.plain}; keepalive 64; keepalive_requests 100000000; }}
upstream tls {{ server {FAR}:{origin.tls}; keepalive 64; keepalive_requests 100000000; }}
upstream events {{ server {FAR}:{events}; keepalive 64; keepalive_requests 100000000; }}""")
        until(lambda: listening(FAR, self.tls), "nginx listens")


class HAProxy(Process):
    def __init__(self, folder, files, origin):
        self.plain, self.tls = free_port(), free_port()
        with open(f"{folder}/both.pem", "w") as both:
            for part in ("cert", "key"):
                with open(files[part]) as f:
                    both.write(f.read())
        with open(f"{folder}/haproxy.cfg", "w") as f:
            f.write(f"""global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  http-reuse always
frontend plain
  bind {FAR}:{self.plain}
  default_backend plain
frontend tls
  bind {FAR}:{self.tls} ssl crt {folder}/both.pem
  default_backend tls
backend plain
  server origin {FAR}:{origin.plain}
backend tls
  server origin {FAR}:{origin.tls} ssl verify required ca-file {files['ca']} sni str({HOST})
""")
        super().__init__(["haproxy", "-db", "-f", f"{folder}/haproxy.cfg"], folder)
        until(lambda: listening(FAR, self.tls), "HAProxy listens")
