const Anthropic = require('@anthropic-ai/sdk');

const client = new (Anthropic.default ?? Anthropic)({ maxRetries: 0, timeout: 40_000 });
const question = { model: 'claude-sonnet-4-5', max_tokens: 64, messages: [{ role: 'user', content: 'say hi' }] };

async function ask(streaming) {
  if (!streaming) return (await client.messages.create(question)).content[0].text;
  const message = await client.messages.stream(question).finalMessage();
  return message.content[0].text;
}

ask(process.argv[2] === 'streaming').then(console.log, (error) => {
  console.error(error);
  process.exit(1);
});
