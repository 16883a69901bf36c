import sys

import httpx
import question

streaming = sys.argv[1] == "streaming"
with httpx.Client(timeout=40) as client:
    if streaming:
        with client.stream("POST", question.URL, json=question.body(True), headers=question.HEADERS) as response:
            response.raise_for_status()
            print(question.text_of_lines(list(response.iter_lines())))
    else:
        response = client.post(question.URL, json=question.body(False), headers=question.HEADERS)
        response.raise_for_status()
        print(question.text(response.content))
