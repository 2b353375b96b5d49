// Ask the server in this container whether it is well.
import { get } from "node:http";

const request = get({ port: 8080, path: "/health", timeout: 2000 }, (answer) => {
  process.exit(answer.statusCode === 200 ? 0 : 1);
});
request.on("timeout", () => process.exit(1));
request.on("error", () => process.exit(1));
