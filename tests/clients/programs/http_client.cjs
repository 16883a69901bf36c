// Thousands of requests in the ways Node has; prints what came of them, nothing that differs from run to run.
const crypto = require("crypto");
const http = require("http");
const net = require("net");

const { web, half } = JSON.parse(process.argv[2]);
const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
const peers = new Set();

function ask(path, { body, ...options } = {}) {
  return new Promise((resolve) => {
    const request = http.request({ host: "127.0.0.1", port: web, path, agent, method: body ? "POST" : "GET", ...options });
    let status = 0;
    const parts = [];
    request.on("socket", (socket) => {
      const note = () => peers.add(`${socket.remoteAddress} ${socket.remotePort === web} ${socket.remoteFamily}`);
      if (socket.connecting) socket.once("connect", note);
      else note();
    });
    request.on("continue", () => parts.push("continue "));
    request.on("response", (response) => {
      status = response.statusCode;
      response.on("data", (part) => parts.push(part.toString()));
      response.on("error", (error) => resolve([status, parts.join(""), error.code]));
      response.on("end", () => resolve([status, parts.join(""), response.headers["x-trailer"] || ""]));
    });
    request.on("error", (error) => resolve([status, parts.join(""), error.code]));
    if (Array.isArray(body)) {
      if (options.trailers) request.addTrailers(options.trailers);
      for (const part of body) request.write(part);
      if (options.trailers) request.addTrailers(options.trailers);
      request.end();
    } else {
      request.end(body);
    }
  });
}
const digest = (text) => crypto.createHash("sha256").update(text).digest("hex").slice(0, 16);

async function many(what, count, make) {
  const answers = await Promise.all(Array.from({ length: count }, (_, i) => make(i)));
  const codes = {};
  for (const [status, , code] of answers) codes[`${status} ${code}`] = (codes[`${status} ${code}`] || 0) + 1;
  console.log(what, count, JSON.stringify(codes), digest(answers.map((a) => a.join("|")).join("\n")));
}

function upgrade(i) {
  return new Promise((resolve) => {
    const request = http.request({ host: "127.0.0.1", port: web, path: "/up", headers: { connection: "Upgrade", upgrade: "echo" } });
    request.on("upgrade", (response, socket, head) => {
      let text = head.toString();
      socket.on("data", (part) => (text += part));
      socket.on("end", () => resolve([response.statusCode, text, "end"]));
      socket.on("error", (error) => resolve([response.statusCode, text, error.code]));
      socket.end(`message ${i} `.repeat(500));
    });
    request.on("error", (error) => resolve([0, "", error.code]));
    request.end();
  });
}
function halfClose(i) {
  return new Promise((resolve) => {
    const socket = net.connect({ port: half, host: "127.0.0.1", allowHalfOpen: true });
    let size = 0;
    socket.on("data", (part) => (size += part.length));
    socket.on("end", () => resolve([size, "", socket.readableEnded || "ended"]));
    socket.on("error", (error) => resolve([size, "", error.code]));
    socket.end("x".repeat(i * 100));
  });
}
function abort(i) {
  return new Promise((resolve) => {
    const request = http.get({ host: "127.0.0.1", port: web, path: `/stream/${i}`, agent }, (response) => {
      response.once("data", () => request.destroy());
      response.on("close", () => resolve([response.statusCode, "", "closed"]));
    });
    request.on("error", (error) => resolve([0, "", error.code]));
  });
}

async function main() {
  await many("keep-alive", 2000, (i) => ask(`/echo/${i}`));
  await many("posts", 500, (i) => ask(`/echo/${i}`, { body: "p".repeat(i * 40) }));
  await many("chunked", 200, (i) => ask(`/echo/${i}`, { body: ["one", "two".repeat(i), "three"], headers: { trailer: "x-sum" }, trailers: { "x-sum": `sum ${i}` } }));
  await many("heads", 100, (i) => ask(`/echo/${i}`, { method: "HEAD" }));
  await many("no agent", 200, (i) => ask(`/echo/${i}`, { agent: false }));
  await many("localhost", 100, (i) => ask(`/echo/${i}`, { host: "localhost", agent: false, autoSelectFamily: true }));
  await many("streams", 200, (i) => ask(`/stream/${i}`));
  await many("expect", 50, (i) => ask(`/echo/${i}`, { body: "later", headers: { expect: "100-continue", ...(i % 2 ? { "x-refuse": "1" } : {}) } }));
  await many("cut off", 50, (i) => ask(`/half/${i}`, { agent: false }));
  await many("ended", 50, (i) => ask(`/end/${i}`, { agent: false }));
  await many("reset", 50, (i) => ask(`/reset/${i}`, { agent: false }));
  await many("upgrades", 100, upgrade);
  await many("half closed", 100, halfClose);
  await many("aborted", 50, abort);
  agent.destroy();
  console.log([...peers].sort().join(", "));
}
main();
