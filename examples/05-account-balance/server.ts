/**
 * Who is calling? In the `twiml` format the caller's number is `From` (in the `kazoo` format `Caller-ID-Number`). Known callers hear their
 * balance, others are asked for their customer number.
 *
 * A number can be forged by whoever sends the call: take it as a convenience, not as a password.
 */
import { type Answer, type Example, escapeXml, runServer, twiml, type WebhookRequest } from '../web.ts';

interface Customer {
  readonly name: string;
  readonly cents: number;
}

/** Your database. `npx pivot call` calls from +15550100 unless told otherwise. */
const BY_CALLER: Readonly<Record<string, Customer>> = { '+15550100': { name: 'Ada', cents: 4250 } };
const BY_NUMBER: Readonly<Record<string, Customer>> = { '77': { name: 'Grace & Sons', cents: 275 } };

export const balance: Example = {
  path: '/balance',
  answer: (request) => (request.url.pathname === '/balance/customer' ? byNumber(request) : byCaller(request)),
};

function byCaller({ parameters }: WebhookRequest): Answer {
  const customer = BY_CALLER[parameters.get('From') ?? ''];
  if (customer !== undefined) return tell(customer);
  return twiml(`
    <Gather action="/balance/customer" finishOnKey="#" timeout="5">
      <Say>Please enter your customer number, then the hash key.</Say>
    </Gather>
    <Say>Goodbye.</Say>`);
}

function byNumber({ parameters }: WebhookRequest): Answer {
  const customer = BY_NUMBER[parameters.get('Digits') ?? ''];
  return customer === undefined ? twiml('<Say>That number is not known.</Say>') : tell(customer);
}

function tell({ name, cents }: Customer): Answer {
  const dollars = Math.trunc(cents / 100);
  return twiml(`<Say>Hello ${escapeXml(name)}. Your balance is ${dollars} dollars and ${cents % 100} cents.</Say>`);
}

if (import.meta.main) await runServer([balance]);
