import json
import sys
import urllib.request

import question

streaming = sys.argv[1] == "streaming"
request = urllib.request.Request(question.URL, json.dumps(question.body(streaming)).encode(), question.HEADERS)
with urllib.request.urlopen(request, timeout=40) as response:
    if streaming:
        print(question.text_of_lines([line.decode().rstrip("\n") for line in response]))
    else:
        print(question.text(response.read()))
