#!/usr/bin/python3
"""curl, as shell scripts call it."""
import json

import carried
import harness

setUpModule = harness.enter


class Curl(carried.Carried, harness.Case):
    def command(self, streaming):
        body = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "say hi"}]}
        command = ["curl", "-sS", "--fail", "--max-time", "40", "https://api.anthropic.com/v1/messages",
                   "-H", "x-api-key: sk-ant-api03-fake", "-H", "anthropic-version: 2023-06-01",
                   "-H", "content-type: application/json"]
        if streaming:
            return [*command, "-N", "-d", json.dumps({**body, "stream": True})]
        return [*command, "-d", json.dumps(body)]

    def check_answer(self, done):
        self.assertEqual(done.returncode, 0, done.describe())
        text = done.out()
        if text.startswith("event:"):
            events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
            self.assertEqual(events[-1]["type"], "message_stop")
            parts = [event["delta"]["text"] for event in events if event["type"] == "content_block_delta"]
            self.assertEqual("".join(parts), carried.ANSWER)
        else:
            self.assertEqual(json.loads(text)["content"][0]["text"], carried.ANSWER)


if __name__ == "__main__":
    harness.main()
