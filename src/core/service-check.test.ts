import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpRequest, httpResult } from './service-check.ts';

const octets = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

test('the beginning of an answer says whether it is a good one', () => {
  assert.equal(httpResult(octets('HTTP/1.1 20')), undefined, 'there is more to come');
  for (const line of ['HTTP/1.1 200 OK\r\n', 'HTTP/1.0 304', 'HTTP/1.1 204 No Content']) {
    assert.equal(httpResult(octets(line)), 'well');
  }
  for (const line of ['HTTP/1.1 500 Oh', 'HTTP/1.1 404 Not', 'SSH-2.0-OpenSSH', 'HTTP/2 200 OK.']) {
    assert.equal(httpResult(octets(line)), 'wrong-answer');
  }
});

test('a request names path and host, and asks for the end of the connection', () => {
  const text = Buffer.from(httpRequest('/health', '[2001:db8::1]:80')).toString('latin1');
  assert.match(text, /^GET \/health HTTP\/1\.1\r\nHost: \[2001:db8::1\]:80\r\n/);
  assert.match(text, /\r\nConnection: close\r\n\r\n$/);
});
