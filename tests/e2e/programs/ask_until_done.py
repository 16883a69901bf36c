"""An agent that streams one answer and tries again, at once, whenever the exchange breaks. Prints how many tries it took."""
import http.client
import json
import sys

address, port = sys.argv[1], int(sys.argv[2])
body = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 4096, "stream": True,
                   "messages": [{"role": "user", "content": "say hi"}]})
for attempt in range(1, 11):
    connection = http.client.HTTPConnection(address, port, timeout=30)
    try:
        connection.request("POST", "/v1/messages", body, {"x-api-key": "sk-kill", "content-type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode()
        if response.status == 200 and text.rstrip().endswith('{"type":"message_stop"}'):
            print(f"tries={attempt}")
            sys.exit(0)
        print(f"status {response.status}, incomplete", file=sys.stderr)
    except (OSError, http.client.HTTPException) as error:
        print(repr(error), file=sys.stderr)
    finally:
        connection.close()
sys.exit("gave up")
