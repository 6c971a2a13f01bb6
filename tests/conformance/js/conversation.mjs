// One conversation over the whole surface of ACP v1, with the official TypeScript SDK:
//     node conversation.mjs FOLDER AGENT ARGUMENT…
// It prints what each step brought as one JSON object; tests/conformance/test_sdks.py says what that must be.
import { spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import * as acp from "@agentclientprotocol/sdk/unstable";
import { CAPABILITIES, editor, heard, policy } from "./editor.mjs";

const [cwd, command, ...args] = process.argv.slice(2);
const { agent: methods } = acp.methods;
const report = {};

const program = (...lines) => [{ type: "text", text: ["````python", ...lines, "````"].join("\n") }];
const textOf = (updates, kind) =>
  updates.filter(({ update }) => update.sessionUpdate === kind).map(({ update }) => update.content.text).join("");

// The result of a step, or the error that was answered.
async function step(name, action) {
  try {
    report[name] = (await action()) ?? {};
  } catch (error) {
    if (!(error instanceof acp.RequestError)) throw error;
    report[name] = { error: { code: error.code, message: error.message } };
  }
  return report[name];
}

// What `action` answered, together with what was heard meanwhile.
async function told(name, action) {
  const [updates, asked] = [heard.updates.length, heard.asked.length];
  const result = await step(name, action);
  const news = heard.updates.slice(updates);
  report[name] = {
    ...result,
    answer: textOf(news, "agent_message_chunk"),
    user: textOf(news, "user_message_chunk"),
    kinds: [...new Set(news.map(({ update }) => update.sessionUpdate))].sort(),
    asked: heard.asked.slice(asked),
  };
}

function untilCallRuns() {
  return new Promise((resolve) => {
    policy.onUpdate = ({ update }) => {
      if (update.status === "in_progress" && update.toolCallId.split("/").length === 3) resolve();
    };
  });
}

async function converse(agent) {
  const start = { cwd, mcpServers: [] };
  const initialized = await step("initialize", () =>
    agent.request(methods.initialize, {
      protocolVersion: acp.PROTOCOL_VERSION,
      clientInfo: { name: "conformance", version: "1" },
      clientCapabilities: CAPABILITIES,
    }));
  const [method] = initialized.authMethods ?? [];
  await step("authenticate", () => agent.request(methods.authenticate, { methodId: method?.id ?? "none" }));

  const { sessionId } = await step("new", () => agent.request(methods.session.new, start));
  const prompt = (lines, options) =>
    agent.request(methods.session.prompt, { sessionId, prompt: program(...lines) }, options);
  await told("turn", () =>
    prompt(["print(read_file('README.md'))", "write_file('a.txt', 'text of a')", "print(run_command('echo ran').stdout)"]));
  policy.kind = "reject_once";
  await told("rejected", () => prompt(["write_file('b.txt', '')"]));
  policy.kind = "allow_once";

  await step("set_mode", () => agent.request(methods.session.setMode, { sessionId, modeId: "read-only" }));
  await told("read_only", () => prompt(["write_file('b.txt', '')"]));
  await step("set_config_option", () =>
    agent.request(methods.session.setConfigOption, { sessionId, configId: "mode", value: "auto" }));
  await told("auto", () => prompt(["write_file('c.txt', '')"]));

  for (const [name, how] of [["cancel", "notification"], ["cancel_request", "signal"]]) {
    const aborter = new AbortController();
    const running = untilCallRuns();
    const turn = step(name, () => prompt(["run_command('sleep 60')"], { cancellationSignal: aborter.signal }));
    await Promise.race([running, turn]);
    if (how === "signal") aborter.abort();
    else await agent.notify(methods.session.cancel, { sessionId });
    await turn;
  }

  await step("list", () => agent.request(methods.session.list, { cwd }));
  await step("list_elsewhere", () => agent.request(methods.session.list, { cwd: "/nowhere" }));
  const forked = await step("fork", () => agent.request(methods.session.fork, { sessionId, ...start }));
  await told("forked_turn", () =>
    agent.request(methods.session.prompt, { sessionId: forked.sessionId ?? "none", prompt: program("print(1 + 1)") }));

  await step("close", () => agent.request(methods.session.close, { sessionId }));
  await told("closed_turn", () => prompt(["print(1)"]));
  await told("load", () => agent.request(methods.session.load, { sessionId, ...start }));
  await told("loaded_turn", () => prompt(["print('loaded')"]));
  await step("close_again", () => agent.request(methods.session.close, { sessionId }));
  await told("resume", () => agent.request(methods.session.resume, { sessionId, ...start }));
  await told("resumed_turn", () => prompt(["print('resumed')"]));

  await step("delete", () => agent.request(methods.session.delete, { sessionId }));
  await step("list_after_delete", () => agent.request(methods.session.list, {}));
  await step("logout", () => agent.request(methods.logout, {}));
  report.sessionId = sessionId;
}

const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
const stream = acp.ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout));
await editor().connectWith(stream, converse);
child.stdin.end();
await new Promise((resolve) => child.on("exit", resolve));
console.log(JSON.stringify(report));
