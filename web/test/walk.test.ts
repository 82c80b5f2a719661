import { expect, test } from 'vitest';

import { named } from '../src/uploads/walk';

const AT = new Date(2026, 0, 5, 7, 3, 9);
const file = (name: string) => new File(['x'], name, { type: 'image/png', lastModified: 7 });

test('pictures that never had a name are called after their moment, each another way', () => {
  const made = named([file('image.png'), file('cat.png'), file('image.jpeg')], AT);
  expect(made.map((each) => each.name)).toEqual(['image 2026-01-05 07.03.09.png', 'cat.png', 'image 2026-01-05 07.03.09 (2).jpeg']);
  expect(made[0]?.type).toBe('image/png');
  expect(made[0]?.lastModified).toBe(7);
});

test.each(['image', 'image.png.exe', 'my image.png', 'Image.png', '../image.png'])('%s keeps its name', (name) => {
  expect(named([file(name)], AT)[0]?.name).toBe(name);
});
