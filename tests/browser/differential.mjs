// Goal: nobody gets in with an answer that another reader refuses. Method: lines of webauthn_differential, which hold
// our verdict and libfido2's, are put to SimpleWebAuthn as well. Whatever we take and one of them refuses is a fault
// unless its reason stands below.
import readline from 'node:readline';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';

const expected = {
  expectedChallenge: Buffer.alloc(32, 0x5a).toString('base64url'), expectedOrigin: 'https://portal.test',
  expectedRPID: 'portal.test', requireUserVerification: true,
};

// Verdicts of another that we do not share, and why.
const REASONS = [];

async function other(line) {
  const response = { clientDataJSON: line.client };
  const algorithms = { supportedAlgorithmIDs: [-7, -8, -35, -257] };
  const whole = { id: line.id, rawId: line.id, type: 'public-key', clientExtensionResults: {}, response };
  try {
    if (line.kind === 'create') {
      response.attestationObject = line.data;
      return [(await verifyRegistrationResponse({ ...expected, ...algorithms, response: whole })).verified ? 'ok' : 'no', 'not verified'];
    }
    Object.assign(response, { authenticatorData: line.data, signature: line.proof });
    const credential = { id: line.id, publicKey: Buffer.from(line.key, 'base64url'), counter: 0 };
    return [(await verifyAuthenticationResponse({ ...expected, response: whole, credential })).verified ? 'ok' : 'no', 'not verified'];
  } catch (error) {
    return ['no', error.message];
  }
}

const table = new Map();
const stricter = new Map();
const faults = [];
let lines = 0;
for await (const text of readline.createInterface({ input: process.stdin })) {
  const line = JSON.parse(text);
  lines += 1;
  const [simple, why] = await other(line);
  const ours = line.ours === 'ok' ? 'ok' : 'no';
  const key = `${line.kind.padEnd(6)} ours ${ours}  libfido2 ${line.fido2.padEnd(3)}  SimpleWebAuthn ${simple}`;
  table.set(key, (table.get(key) ?? 0) + 1);
  if (ours === 'ok' && (line.fido2 === 'no' || simple === 'no') && !REASONS.some((reason) => reason(line, why))) {
    faults.push(`${key}: ${why}\n  ${text}`);
  }
  if (ours === 'no' && simple === 'ok' && line.fido2 !== 'no') stricter.set(line.ours, (stricter.get(line.ours) ?? 0) + 1);
}
for (const key of [...table.keys()].sort()) console.log(`${String(table.get(key)).padStart(8)}  ${key}`);
for (const [reason, count] of [...stricter].sort()) console.log(`${String(count).padStart(8)}  we alone refuse: ${reason}`);
for (const fault of faults.slice(0, 10)) console.log(`unexplained: ${fault}`);
const good = lines > 0 && faults.length === 0 && [...table.keys()].some((key) => /ours ok .*libfido2 ok .*SimpleWebAuthn ok/.test(key));
console.log(`${lines} inputs, ${faults.length} unexplained acceptances`);
console.log(good ? '1 passed' : '1 failed');
process.exitCode = good ? 0 : 1;
