#!/usr/bin/python3
"""Claude Code that starts curl and node, which ask an LLM by themselves: all three captured, each told by its name."""
import json
import os
import ssl

import carried
import harness
import mock as _mock
from wire import read_message

setUpModule = carried.enter_with_packages

ASK = """curl -sS https://api.anthropic.com/v1/messages -H 'x-api-key: from-curl' -H 'anthropic-version: 2023-06-01' \
-H 'content-type: application/json' -d '{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' && \
node -e "fetch('https://api.anthropic.com/v1/messages',{method:'POST',headers:{'x-api-key':'from-node','anthropic-version':'2023-06-01',\
'content-type':'application/json'},body:JSON.stringify({model:'claude-sonnet-4-5',max_tokens:9,messages:[{role:'user',content:'hi'}]})})\
.then(r=>r.text()).then(console.log)" """


def message(content, reason, streaming):
    """An answer of the messages API with one block of content."""
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [content],
             "stop_reason": reason, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 5}}
    if not streaming:
        body = json.dumps(whole).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    begun = {"type": "text", "text": ""} if content["type"] == "text" else {**content, "input": {}}
    delta = {"type": "text_delta", "text": content["text"]} if content["type"] == "text" else \
        {"type": "input_json_delta", "partial_json": json.dumps(content["input"])}
    events = [{"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
              {"type": "content_block_start", "index": 0, "content_block": begun},
              {"type": "content_block_delta", "index": 0, "delta": delta}, {"type": "content_block_stop", "index": 0},
              {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 5}},
              {"type": "message_stop"}]
    body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body) + body


class Provider:
    """Has Claude run ASK once, then lets it end; answers everybody else with a greeting."""

    def __init__(self):
        self.keys, self.results = [], []

    def serve(self, s):
        rest = b""
        while True:
            head, body, rest = read_message(s, rest)
            lines = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
            self.keys.append(lines.get("x-api-key", ""))
            try:
                request = json.loads(body)
            except ValueError:
                request = {}
            s.sendall(self.answer(request))

    def answer(self, request):
        streaming = bool(request.get("stream"))
        tools = [tool.get("name") for tool in request.get("tools", [])]
        results = [part for turn in request.get("messages", []) if isinstance(turn["content"], list) for part in turn["content"]
                   if part.get("type") == "tool_result"]
        self.results += results
        if "Bash" in tools and not results:
            return message({"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": ASK, "description": "ask"}},
                           "tool_use", streaming)
        return message({"type": "text", "text": carried.ANSWER}, "end_turn", streaming)


class ClaudeChildren(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.packages = carried.packages.installed()

    def test_each_is_captured_and_told_by_name(self):
        harness.need("node", "curl")
        harness.names(harness.TRAP)
        files = _mock.certificate(harness.program("hivemind-mock"), self.folder(), harness.HOSTS)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["cert"], files["key"])
        provider = Provider()
        server = self.server(provider.serve, tls=context)
        server.ca = files["ca"]
        quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING", "DISABLE_AUTOUPDATER")
        home = self.home(harness.route("api.anthropic.com", server), env={**carried.credentials(), **{name: "1" for name in quiet}})
        self.trap()
        done = home.run(os.path.join(self.packages, ".bin/claude"), "-p", "ask them", "--model", "claude-sonnet-4-5",
                        "--allowedTools", "Bash", options=("--explain",), seconds=90)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertIn(carried.ANSWER, done.out())
        told = json.dumps(provider.results)
        self.assertEqual(told.count(carried.ANSWER), 2, told)
        self.assertTrue({"from-curl", "from-node"} <= set(provider.keys), provider.keys)
        captured = {}
        for line in done.err().splitlines():
            row = line.split()
            if line.startswith("  ") and row[0].isdigit():
                captured[row[1]] = captured.get(row[1], 0) + int(row[3])
        for name in ("claude", "curl", "node"):
            self.assertGreaterEqual(captured.get(name, 0), 1, done.describe())


if __name__ == "__main__":
    harness.main()
