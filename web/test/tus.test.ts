import { expect, test } from 'vitest';

import { Problem } from '../src/api/problem';
import type { Begun, Job } from '../src/uploads/messages';
import { PIECE, partSize } from '../src/uploads/parts';
import { Slots } from '../src/uploads/slots';
import { TusUpload } from '../src/uploads/tus';
import type { Answer, Request, Send } from '../src/uploads/wire';

const SIZE = partSize(0) + PIECE + 5; // two parts

interface Upload {
  length: number;
  offset: number;
}

/** A server that keeps only lengths, and may be told to fail. */
class Fake {
  readonly uploads = new Map<string, Upload>();
  readonly asked: string[] = [];
  joined = '';
  #made = 0;
  /** Answers a request in place of the server, once each. */
  readonly instead: ((request: Request) => Problem | undefined)[] = [];

  send: Send = async (request) => {
    this.asked.push(`${request.method} ${request.path}`);
    for (const each of this.instead) {
      const problem = each(request);
      if (!problem) continue;
      this.instead.splice(this.instead.indexOf(each), 1);
      throw problem;
    }
    return this.#answer(request);
  };

  #answer({ method, path, headers = {}, body }: Request): Answer {
    const said: Record<string, string> = {};
    const upload = this.uploads.get(path);
    if (method === 'POST' && headers['upload-concat']?.startsWith('final')) {
      this.joined = headers['upload-concat'];
      said['content-location'] = '/api/v1/files/film%20(1).bin';
      said['repr-digest'] = 'sha-256=:/+8=:';
    } else if (method === 'POST') {
      said['location'] = `/made/${this.#made++}`;
      this.uploads.set(said['location'], { length: Number(headers['upload-length']), offset: 0 });
    } else if (!upload) throw new Problem('not_found', 404, '');
    else if (method === 'DELETE') this.uploads.delete(path);
    else if (method === 'HEAD') said['upload-offset'] = String(upload.offset);
    else {
      if (Number(headers['upload-offset']) !== upload.offset) throw new Problem('conflict', 409, '');
      upload.offset += (body as Blob).size;
    }
    return { status: 200, text: '', header: (name) => said[name] ?? null };
  }
}

function upload(server: Fake, begun: Begun | null = null, path = '/film.bin') {
  const file = new File([new Uint8Array(SIZE)], 'film.bin', { lastModified: 5 });
  const job: Job & { file: File } = { id: 1, path, size: SIZE, modified: 5, file, conflict: null, urgent: false, tried: false, begun };
  const told = { sent: 0, begun: null as Begun | null };
  const tell = { progress: (sent: number) => void (told.sent = sent), begun: (now: Begun) => void (told.begun = now) };
  const stop = new AbortController();
  return { told, stop, run: new TusUpload(job, tell, stop.signal, server.send, new Slots(4)).run() };
}

const once = (method: string, problem: Problem) => (request: Request) => (request.method === method ? problem : undefined);

test('parts go up beside each other and are joined in their order', async () => {
  const server = new Fake();
  const { told, run } = upload(server);
  expect(await run).toEqual({ path: '/film (1).bin', sha256: 'ffef' });
  expect(server.joined).toBe(`final;${told.begun?.uploads.join(' ')}`);
  expect([...server.uploads.values()].every((each) => each.offset === each.length)).toBe(true);
  expect(told.sent).toBe(SIZE);
});

test('whether the whole would be taken is asked before anything is sent', async () => {
  const server = new Fake();
  server.instead.push(once('POST', new Problem('quota_exceeded', 507, 'Full')));
  await expect(upload(server).run).rejects.toMatchObject({ code: 'quota_exceeded' });
  expect(server.asked.length).toBe(1);
});

test.each(['/Shared/bob/film.bin', '/Drives/disk/film.bin'])('into the drive of somebody else it goes as one: %s', async (path) => {
  const server = new Fake();
  const { run, told } = upload(server, null, path);
  await run.catch(() => undefined); // this server tells of files that were joined only
  expect(told.begun?.uploads.length).toBe(1);
  expect([...server.uploads.values()]).toEqual([{ length: SIZE, offset: SIZE }]);
});

test('a piece that arrived damaged goes again', async () => {
  const server = new Fake();
  server.instead.push(once('PATCH', new Problem('digest_mismatch', 460, '', '', null, '', true)));
  await upload(server).run;
  expect(server.asked.filter((each) => each.startsWith('PATCH')).length).toBe(Math.ceil(SIZE / PIECE) + 1);
});

test('after a cut it asks where it was, and goes on there', async () => {
  const server = new Fake();
  server.instead.push(once('PATCH', new Problem('offline', 0, '', '', null, '', true)));
  await upload(server).run;
  expect(server.asked.filter((each) => each.startsWith('HEAD')).length).toBe(1);
});

test('what an earlier page has begun is not sent again, and what the server has forgotten is', async () => {
  const server = new Fake();
  server.uploads.set('/u/0', { length: partSize(SIZE), offset: partSize(SIZE) });
  await upload(server, { partSize: partSize(SIZE), uploads: ['/u/0', '/u/gone'] }).run;
  expect(server.asked.filter((each) => each === 'PATCH /u/0').length).toBe(0);
  expect(server.uploads.get('/u/0')?.offset).toBe(partSize(SIZE));
  expect([...server.uploads.values()].map((each) => each.offset)).toContain(SIZE - partSize(SIZE));
});

test('what cannot be mended ends it, all parts of it', async () => {
  const server = new Fake();
  server.instead.push(once('PATCH', new Problem('quota_exceeded', 507, 'Full')));
  await expect(upload(server).run).rejects.toMatchObject({ code: 'quota_exceeded' });
});

test('who stops it hears of nothing but that', async () => {
  const server = new Fake();
  server.instead.push(once('PATCH', new Problem('offline', 0, '', '', null, '', true)));
  const { stop, run } = upload(server);
  stop.abort(new Problem('cancelled', 0, ''));
  await expect(run).rejects.toMatchObject({ code: 'cancelled' });
});
