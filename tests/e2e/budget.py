#!/usr/bin/python3
"""A run's token budget: what fits is served and settled; what does not is refused in the provider's own shape."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness


def ask(mock, path, question):
    return ["curl", "-sS", "-i", "-H", "authorization: Bearer sk-budget", "-H", "x-api-key: sk-budget",
            "-H", "content-type: application/json", "-d", json.dumps(question), mock.url(path)]


def message(max_tokens):
    return {"model": "claude-sonnet-4-5", "max_tokens": max_tokens, "messages": [{"role": "user", "content": "say hi"}]}


def chat(max_tokens):
    return {"model": "gpt-5", "max_completion_tokens": max_tokens, "messages": [{"role": "user", "content": "say hi"}]}


class Budget(harness.Case):
    def world(self, dialect):
        mock = self.mock()
        return mock, self.home(harness.route("127.0.0.1", mock, dialect=dialect), ports=[mock.port])

    def refused(self, dialect, path, question):
        mock, home = self.world(dialect)
        done = home.run(*ask(mock, path, question), options=("--token-budget", "1000"))
        self.assertEqual(done.returncode, 0, done.describe())
        head, _, body = done.out().partition("\r\n\r\n")
        headers = [line.lower() for line in head.split("\r\n")]
        self.assertIn("x-should-retry: false", headers, done.out())
        self.assertRegex(headers[0], r"^http/1.1 4\d\d")
        self.assertEqual(mock.stats()["generations"], 0)
        return json.loads(body)

    def test_a_message_beyond_the_budget_is_refused_as_anthropic_would(self):
        answer = self.refused("anthropic", "/v1/messages", message(100000))
        self.assertEqual(answer["type"], "error")
        self.assertRegex(answer["error"]["message"], r"(?s)HiveMind.*budget")

    def test_a_chat_beyond_the_budget_is_refused_as_openai_would(self):
        answer = self.refused("openai", "/v1/chat/completions", chat(100000))
        self.assertRegex(answer["error"]["message"], r"(?s)HiveMind.*budget")

    def test_what_was_not_used_can_be_used_again(self):
        # Each reserves more than half of the budget and uses a handful of tokens, so all fit one after the other.
        mock, home = self.world("anthropic")
        one = ask(mock, "/v1/messages", message(600))
        done = home.run(*one, *[mock.url("/v1/messages")] * 4, options=("--token-budget", "1000", "--summary"))
        self.assertEqual(done.out().count("Hello from the mock server."), 5, done.describe())
        self.assertEqual(mock.stats()["completed"], 5)

    def test_the_next_run_has_a_budget_of_its_own(self):
        mock, home = self.world("anthropic")
        for max_tokens, status in ((100000, "HTTP/1.1 4"), (100, "HTTP/1.1 200")):
            done = home.run(*ask(mock, "/v1/messages", message(max_tokens)), options=("--token-budget", "1000"))
            self.assertTrue(done.out().startswith(status), done.describe())


if __name__ == "__main__":
    harness.main()
