// A web server that greets, tells whether it is well, and has one slow page.
import express from "express";

export const app = express();
app.disable("x-powered-by");

app.get("/", (request, response) => {
  response.type("text").send("Hello from a small Node.js image!\n");
});
app.get("/health", (request, response) => {
  response.type("text").send("ok\n");
});
app.get("/slow", (request, response) => {
  setTimeout(() => response.type("text").send("Slow, but finished.\n"), 2000);
});

if (import.meta.main) {
  const server = app.listen(8080, () => console.log("listening on :8080"));
  const stop = (signal) => {
    console.log(`${signal}: stopping`);
    // No new connections; those that wait for an answer get it, idle ones are closed.
    server.close(() => process.exit(0));
    // Docker kills after ten seconds. End before that, and say so.
    setTimeout(() => process.exit(1), 8000).unref();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
