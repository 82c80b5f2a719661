/** How large an image is shown; 1 means each of its pixels on one of the page's. */
interface Size {
  readonly width: number;
  readonly height: number;
}

const STEPS = [0.05, 0.1, 0.17, 0.25, 0.33, 0.5, 0.67, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16];

/** As large as there is room, and not larger than it is. */
export function fitting(image: Size, room: Size): number {
  if (!image.width || !image.height) return 1;
  return Math.min(1, room.width / image.width, room.height / image.height);
}

/** The next step up or down from wherever it is. */
export function stepped(scale: number, by: 1 | -1): number {
  const near = 1e-3;
  if (by > 0) return STEPS.find((each) => each > scale + near) ?? Math.max(scale, STEPS.at(-1) ?? 1);
  return STEPS.findLast((each) => each < scale - near) ?? Math.min(scale, STEPS[0] ?? 1);
}
