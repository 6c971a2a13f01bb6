// The client's side of ACP for the TypeScript SDK: files on the disk, commands as child processes, and an answer for
// every question. What it is asked and told it keeps in `heard`.
import { spawn } from "node:child_process";
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import * as acp from "@agentclientprotocol/sdk/unstable";

export const CAPABILITIES = {
  fs: { readTextFile: true, writeTextFile: true },
  terminal: true,
  auth: { terminal: true },
  session: { configOptions: { boolean: {} } },
  elicitation: { form: {} },
};

export const heard = { updates: [], questions: [], asked: [] };
export const policy = { kind: "allow_once", onUpdate: () => {} };

const terminals = new Map();
const { session, fs, terminal, elicitation } = acp.methods.client;

function handle(app, method, answer) {
  return app.onRequest(method, async ({ params }) => {
    heard.asked.push(method);
    return answer(params);
  });
}

function ask({ options, toolCall }) {
  heard.questions.push(toolCall);
  const option = options.find((each) => each.kind === policy.kind);
  return { outcome: option ? { outcome: "selected", optionId: option.optionId } : { outcome: "cancelled" } };
}

async function read({ path, line, limit }) {
  try {
    const lines = (await readFile(path, "utf8")).split(/(?<=\n)/);
    const first = (line ?? 1) - 1;
    return { content: lines.slice(first, limit == null ? undefined : first + limit).join("") };
  } catch (error) {
    if (error.code === "ENOENT") throw acp.RequestError.resourceNotFound(path);
    throw error;
  }
}

async function write({ path, content }) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return {};
}

function create({ command, args, cwd, env }) {
  const variables = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const process_ = spawn(command, args ?? [], { cwd, env: { ...process.env, ...variables }, detached: true });
  const state = { process_, output: "", exitStatus: null };
  state.done = new Promise((resolve) => {
    process_.on("error", () => resolve((state.exitStatus = { exitCode: 127, signal: null })));
    process_.on("close", (exitCode, signal) => resolve((state.exitStatus = { exitCode, signal })));
  });
  for (const stream of [process_.stdout, process_.stderr]) stream.on("data", (data) => (state.output += data));
  const terminalId = `terminal-${terminals.size + 1}`;
  terminals.set(terminalId, state);
  return { terminalId };
}

function kill({ terminalId }) {
  const { process_, exitStatus } = terminals.get(terminalId);
  if (exitStatus === null) process.kill(-process_.pid, "SIGKILL");
  return {};
}

const output = ({ terminalId }) => {
  const { output, exitStatus } = terminals.get(terminalId);
  return { output, truncated: false, exitStatus };
};

export function editor() {
  const app = acp.client({ name: "conformance" });
  app.onNotification(session.update, ({ params }) => {
    heard.updates.push(params);
    policy.onUpdate(params);
  });
  handle(app, session.requestPermission, ask);
  handle(app, fs.readTextFile, read);
  handle(app, fs.writeTextFile, write);
  handle(app, terminal.create, create);
  handle(app, terminal.output, output);
  handle(app, terminal.waitForExit, ({ terminalId }) => terminals.get(terminalId).done);
  handle(app, terminal.kill, kill);
  handle(app, terminal.release, kill);
  handle(app, elicitation.create, () => ({ action: "decline" }));
  return app;
}
