#!/usr/bin/python3
"""A coding agent, reduced to its traffic: sequential turns with one LLM account and a context that grows.

It knows nothing of HiveMind and uses only Python's own http.client. By default it gives up at the first error, as the
agents of the incident did; `--retries 2` tries again as the vendors' SDKs do: 408, 409, 429, 5xx and lost connections,
after Retry-After or 0.5 s * 2^n. The last line it prints is JSON: alive, or what it died of, and the tokens it used.
"""
import argparse
import http.client
import json
import os
import random
import ssl
import sys
import time
import urllib.parse


class Died(Exception):
    """`reason` is what the agent dies of; `retryable` as SDKs see it; `delay` is what the provider asked for."""

    def __init__(self, reason, retryable, delay=None):
        super().__init__(reason)
        self.reason, self.retryable, self.delay = reason, retryable, delay


def retry_delay(response):
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(response.getheader(name, "")) / unit
        except ValueError:
            continue
        if 0 < seconds <= 60:
            return seconds
    return None


class Client:
    def __init__(self, base_url, timeout):
        self.url = urllib.parse.urlsplit(base_url)
        self.timeout = timeout
        self.connection = None

    def connect(self):
        if self.url.scheme == "https":
            return http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=self.timeout,
                                               context=ssl.create_default_context())
        return http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=self.timeout)

    def message(self, body, attempt):
        """One streamed answer: (text, input tokens, output tokens)."""
        self.connection = self.connection or self.connect()
        headers = {"content-type": "application/json", "accept": "application/json", "anthropic-version": "2023-06-01",
                   "x-api-key": os.environ.get("ANTHROPIC_API_KEY", "sk-ant-demo"), "user-agent": "incident-agent/1.0",
                   "x-stainless-retry-count": str(attempt), "x-stainless-timeout": str(int(self.timeout))}
        streaming = False  # once an answer has begun, nobody tries again
        try:
            self.connection.request("POST", self.url.path.rstrip("/") + "/v1/messages", json.dumps(body), headers)
            response = self.connection.getresponse()
            if response.status != 200:
                response.read()
                raise Died(f"HTTP {response.status}", response.status in (408, 409, 429) or response.status >= 500,
                           retry_delay(response))
            streaming = True
            return self.read_stream(response)
        except (http.client.HTTPException, OSError) as error:
            self.connection.close()
            self.connection = None
            if isinstance(error, ConnectionResetError):
                raise Died("connection reset", not streaming) from None
            raise Died("timeout" if isinstance(error, TimeoutError) else type(error).__name__, not streaming) from None

    @staticmethod
    def read_stream(response):
        text, used = "", {}
        ended = False
        for line in response:
            if not line.startswith(b"data:"):
                continue
            event = json.loads(line[5:])
            kind = event.get("type")
            if kind == "message_start":
                used.update(event["message"]["usage"])
            elif kind == "content_block_delta":
                text += event["delta"].get("text", "")
            elif kind == "message_delta":
                used.update(event["usage"])
            elif kind == "message_stop":
                ended = True
            elif kind == "error":
                raise Died(event["error"]["type"], False)
        if not ended:
            raise Died("stream cut off", False)
        taken = sum(used.get(name) or 0 for name in
                    ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"))
        return text, taken, used.get("output_tokens", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-url", default=os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com"))
    parser.add_argument("--model", default="claude-sonnet-4-5")
    parser.add_argument("--name", default="agent")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--context", type=int, default=6000, metavar="BYTES", help="of the system prompt")
    parser.add_argument("--retries", type=int, default=0, help="per request; SDKs do 2 (default 0)")
    parser.add_argument("--pause", type=float, default=0.05, metavar="S", help="seconds between two turns")
    parser.add_argument("--timeout", type=float, default=120, metavar="S", help="seconds without a byte (default 120)")
    parser.add_argument("--start-at", type=float, default=0, metavar="T", help="unix time of the first turn")
    options = parser.parse_args()

    time.sleep(max(0, options.start_at - time.time()))
    begun = time.monotonic()
    client = Client(options.base_url, options.timeout)
    system = f"You are {options.name}. Your tools and the repository: ".ljust(options.context, "x")
    messages, tokens, done, died_of = [], 0, 0, None
    while done < options.turns and not died_of:
        question = f"{options.name}, turn {done + 1}: ".ljust(200, "x")
        messages.append({"role": "user", "content": question})
        body = {"model": options.model, "max_tokens": 1024, "stream": True, "system": system, "messages": messages}
        for attempt in range(options.retries + 1):
            try:
                text, taken, given = client.message(body, attempt)
                break
            except Died as death:
                if attempt == options.retries or not death.retryable:
                    died_of = death.reason
                    break
                backoff = min(8, 0.5 * 2**attempt) * (1 - random.uniform(0, 0.25))
                time.sleep(death.delay if death.delay is not None else backoff)
        if died_of:
            break
        messages.append({"role": "assistant", "content": text})
        tokens += taken + given
        done += 1
        if done < options.turns:
            time.sleep(options.pause)
    print(json.dumps({"name": options.name, "alive": died_of is None, "died_of": died_of, "turns": done,
                      "tokens": tokens, "seconds": round(time.monotonic() - begun, 3)}))
    return 0 if died_of is None else 1


if __name__ == "__main__":
    sys.exit(main())
