import assert from "node:assert/strict";
import { after, test } from "node:test";

import { app } from "./app.js";

const server = app.listen(0);
after(() => server.close());

for (const [path, status, words] of [
  ["/", 200, "Hello from a small Node.js image!\n"],
  ["/health", 200, "ok\n"],
  ["/nowhere", 404, "Cannot GET /nowhere"],
]) {
  test(`GET ${path}`, async () => {
    const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`);
    assert.equal(answer.status, status);
    assert.match(await answer.text(), new RegExp(words));
  });
}
