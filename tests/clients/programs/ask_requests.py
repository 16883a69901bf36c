import sys

import question
import requests

streaming = sys.argv[1] == "streaming"
with requests.post(question.URL, json=question.body(streaming), headers=question.HEADERS, stream=streaming, timeout=40) as response:
    response.raise_for_status()
    if streaming:
        print(question.text_of_lines(list(response.iter_lines(decode_unicode=True))))
    else:
        print(question.text(response.content))
