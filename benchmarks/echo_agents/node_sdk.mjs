// An agent of the TypeScript SDK that answers a prompt, which is a number, with so many updates.
import { Readable, Writable } from "node:stream";
import * as acp from "@agentclientprotocol/sdk";

const { agent: asked, client: told } = acp.methods;

acp
  .agent({ name: "echo" })
  .onRequest(asked.initialize, () => ({ protocolVersion: acp.PROTOCOL_VERSION, agentCapabilities: {} }))
  .onRequest(asked.session.new, () => ({ sessionId: crypto.randomUUID() }))
  .onRequest(asked.session.prompt, async ({ params, client }) => {
    const { sessionId, prompt } = params;
    for (let number = 0; number < Number(prompt[0].text); number++) {
      const text = `w${String(number).padStart(6, "0")} `;
      const update = { sessionUpdate: "agent_message_chunk", content: { type: "text", text } };
      await client.notify(told.session.update, { sessionId, update });
    }
    return { stopReason: "end_turn" };
  })
  .connect(acp.ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)));
