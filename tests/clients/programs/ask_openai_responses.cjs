const OpenAI = require('openai');

const client = new (OpenAI.default ?? OpenAI)({ maxRetries: 0, timeout: 40_000 });
const question = { model: 'gpt-5', input: 'say hi' };

async function ask(streaming) {
  if (!streaming) return (await client.responses.create(question)).output_text;
  let text = '';
  let completed = false;
  for await (const event of await client.responses.create({ ...question, stream: true })) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    completed ||= event.type === 'response.completed';
  }
  if (!completed) throw new Error(`the stream ended without response.completed: ${text}`);
  return text;
}

ask(process.argv[2] === 'streaming').then(console.log, (error) => {
  console.error(error);
  process.exit(1);
});
