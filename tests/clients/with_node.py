#!/usr/bin/python3
"""Node with the providers' own SDKs, each in a small program (programs/ask_*.cjs)."""
import os

import carried
import harness

setUpModule = carried.enter_with_packages


class Node(carried.FromNpm):
    library = None

    def command(self, streaming):
        program = os.path.join(carried.PROGRAMS, f"ask_{self.library}.cjs")
        return ["node", program, "streaming" if streaming else "whole"]


class AnthropicSdk(Node, harness.Case):
    library = "anthropic"


class OpenAiChat(Node, harness.Case):
    library = "openai_chat"


class OpenAiResponses(Node, harness.Case):
    library = "openai_responses"


if __name__ == "__main__":
    harness.main()
