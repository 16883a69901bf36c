// What http_client.cjs talks to: prints its ports as JSON.
const http = require("http");
const net = require("net");

function answer(request, response) {
  const [, what, number] = request.url.split("/");
  const body = [];
  if (what === "reset") return request.socket.resetAndDestroy();
  if (what === "end") return request.socket.destroy();
  if (what === "early") return response.writeHead(413, { connection: "close" }).end("too much");
  if (what === "stream") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let i = 0; i < 20; ++i) response.write(`data: ${i}\n\n`);
    return response.end();
  }
  if (what === "half") {
    response.writeHead(200, { trailer: "x-sum", "transfer-encoding": "chunked" });
    response.write("a".repeat(1000));
    return response.write("b", () => request.socket.destroy());
  }
  request.on("data", (part) => body.push(part));
  request.on("end", () => {
    const bytes = Buffer.concat(body);
    response.setHeader("x-trailer", request.trailers["x-sum"] || "none");
    if (number % 3 === 0) response.setHeader("content-length", bytes.length + 5);
    response.end(Buffer.concat([Buffer.from("echo:"), bytes]));
  });
}
const web = http.createServer({ keepAliveTimeout: 60000 }, answer);
web.on("upgrade", (request, socket, head) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nahead");
  socket.write(head);
  socket.pipe(socket);
});
web.on("checkContinue", (request, response) => (request.headers["x-refuse"] ? response.writeHead(417).end() : (response.writeContinue(), answer(request, response))));
// Answers only when the other side has ended its half; then takes its time to say it all.
const half = net.createServer({ allowHalfOpen: true }, (socket) => {
  let size = 0;
  socket.on("data", (part) => (size += part.length));
  socket.on("end", () => socket.end(`got ${size} ` + "z".repeat(200000)));
  socket.on("error", () => {});
});
web.listen(0, "127.0.0.1", () => half.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ web: web.address().port, half: half.address().port }))));
