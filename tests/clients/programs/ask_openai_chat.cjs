const OpenAI = require('openai');

const client = new (OpenAI.default ?? OpenAI)({ maxRetries: 0, timeout: 40_000 });
const question = { model: 'gpt-5', messages: [{ role: 'user', content: 'say hi' }] };

async function ask(streaming) {
  if (!streaming) return (await client.chat.completions.create(question)).choices[0].message.content;
  let text = '';
  let end = null;
  for await (const chunk of await client.chat.completions.create({ ...question, stream: true })) {
    text += chunk.choices[0]?.delta?.content ?? '';
    end = chunk.choices[0]?.finish_reason ?? end;
  }
  if (end !== 'stop') throw new Error(`the stream ended without a finish reason: ${text}`);
  return text;
}

ask(process.argv[2] === 'streaming').then(console.log, (error) => {
  console.error(error);
  process.exit(1);
});
