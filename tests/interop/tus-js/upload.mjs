// Uploads a file with tus-js-client, as a web page would: node upload.mjs MODULES ENDPOINT FILE whole|parallel|resume
// The token comes from the environment (TOKEN). Prints one line of JSON.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

const [modules, endpoint, file, mode] = process.argv.slice(2);
const tus = createRequire(path.join(modules, "/"))("tus-js-client");
const data = readFileSync(file);
const requests = [];

// What a browser keeps between two visits.
class Memory {
  kept = new Map();
  async findAllUploads() {
    return [...this.kept.values()];
  }
  async findUploadsByFingerprint() {
    return this.findAllUploads();
  }
  async removeUpload(key) {
    this.kept.delete(key);
  }
  async addUpload(fingerprint, upload) {
    this.kept.set("one", { ...upload, urlStorageKey: "one" });
    return "one";
  }
}
const urlStorage = new Memory();

function upload(options, whenSent) {
  return new Promise((resolve, reject) => {
    const job = new tus.Upload(data, {
      endpoint,
      urlStorage,
      fingerprint: async () => "one",
      headers: { Authorization: `Bearer ${process.env.TOKEN}` },
      metadata: { filename: `${mode} گزارش.bin`, filetype: "application/octet-stream" },
      retryDelays: [0, 100, 300, 1000],
      onAfterResponse: (request, response) => {
        const offset = request.getHeader("Upload-Offset");
        requests.push([request.getMethod(), response.getStatus(), offset === undefined ? null : Number(offset)]);
      },
      onProgress: (sent) => whenSent?.(job, sent, resolve),
      onSuccess: () => resolve(job.url),
      onError: reject,
      ...options,
    });
    job.findPreviousUploads().then((found) => {
      if (found.length) job.resumeFromPreviousUpload(found[0]);
      job.start();
    });
  });
}

if (mode === "parallel") {
  await upload({ parallelUploads: 4 });
} else if (mode === "resume") {
  let stopped = false;
  await upload({ chunkSize: 1 << 20 }, (job, sent, resolve) => {
    if (!stopped && sent > data.length / 2) {
      stopped = true;
      job.abort().then(resolve);
    }
  });
  requests.push(["abort", 0, null]);
  await upload({});
} else {
  await upload({});
}
console.log(JSON.stringify(requests));
