"""The question the ask_*.py programs put to Anthropic, and how its answer is read."""
import json
import os

URL = "https://api.anthropic.com/v1/messages"
HEADERS = {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01", "content-type": "application/json"}


def body(streaming):
    question = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "say hi"}]}
    return {**question, "stream": True} if streaming else question


def text(answer):
    return "".join(block["text"] for block in json.loads(answer)["content"])


def text_of_lines(lines):
    """Of a stream; complete only when its last event is message_stop."""
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert events[-1]["type"] == "message_stop", events[-1]
    return "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
