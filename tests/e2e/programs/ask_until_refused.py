"""An agent that asks sixteen at a time until HiveMind refuses for a budget; broken exchanges are asked again. Prints how
many were answered."""
import http.client
import json
import sys
import threading

ADDRESS, PORT, MOST = sys.argv[1], int(sys.argv[2]), 4000
BODY = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 400, "messages": [{"role": "user", "content": "say hi"}]})
HEADERS = {"x-api-key": "sk-kill", "content-type": "application/json"}
lock, answered, refusals = threading.Lock(), 0, []


def ask():
    global answered
    connection = http.client.HTTPConnection(ADDRESS, PORT, timeout=60)
    try:
        connection.request("POST", "/v1/messages", BODY, HEADERS)
        response = connection.getresponse()
        text = response.read().decode()
        with lock:
            if response.status == 200:
                answered += 1
            elif "budget" in text:
                refusals.append(text)
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()


def work():
    for _ in range(MOST // 16):
        if refusals:
            return
        ask()


threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"answered": answered, "refused": refusals[:1]}))
