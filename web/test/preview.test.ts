import { describe, expect, it } from 'vitest';

import { clamp, drawn, firstAt, heightOf, isScaled, lastFirst, scrolledTo, TALLEST } from '../src/lib/rows';
import { COLUMNS_MAX, Csv, separatorOf, widths } from '../src/preview/csv';
import { encodingOf, reader } from '../src/preview/encoding';
import { bytesOf, charactersOf, digitsOf, place } from '../src/preview/hex';
import { viewsOf } from '../src/preview/kinds';
import { fitting, stepped } from '../src/preview/zoom';

const bytes = (text: string) => new TextEncoder().encode(text);

function parsed(text: string, separator = ','): string[][] {
  const csv = new Csv(separator);
  csv.take(text);
  csv.end();
  return csv.rows;
}

describe('values set apart by commas', () => {
  it.each([
    ['a,b\r\nc,d\r\n', [['a', 'b'], ['c', 'd']]],
    ['a,b\nc,d', [['a', 'b'], ['c', 'd']]],
    ['a,b\rc,d', [['a', 'b'], ['c', 'd']]],
    ['"a,b",c', [['a,b', 'c']]],
    ['"say ""so""",x', [['say "so"', 'x']]],
    ['"two\r\nlines",x', [['two\r\nlines', 'x']]],
    ['a,,c', [['a', '', 'c']]],
    [',', [['', '']]],
    ['a,""\n', [['a', '']]],
    ['\n\na\n\n', [['a']]],
    ['="1+1",-2+3', [['="1+1"', '-2+3']]],
    ['a"b,c', [['a"b', 'c']]],
    ['"a"b,c', [['ab', 'c']]],
    ['"never closed,a\nb', [['never closed,a\nb']]],
    ['', []],
  ])('%j', (text, rows) => {
    expect(parsed(text)).toEqual(rows);
  });

  it('reads the same in pieces of any length', () => {
    const text = 'name,"a ""b"", c"\r\n"x\r\ny",گزارش\r\n1,2';
    const whole = parsed(text);
    for (let size = 1; size < text.length; size += 1) {
      const csv = new Csv();
      for (let at = 0; at < text.length; at += size) csv.take(text.slice(at, at + size));
      csv.end();
      expect(csv.rows).toEqual(whole);
    }
  });

  it('knows which separator is meant', () => {
    expect(separatorOf('a;b;c\n1,5;2,5;3')).toBe(';');
    expect(separatorOf('a\tb\n1\t2')).toBe('\t');
    expect(separatorOf('a,"x;y;z"\n1,2')).toBe(',');
    expect(separatorOf('alone')).toBe(',');
    expect(separatorOf('')).toBe(',');
  });

  it('is bounded', () => {
    expect(parsed(','.repeat(2 * COLUMNS_MAX))[0]).toHaveLength(COLUMNS_MAX);
    expect(widths([['a', 'x'.repeat(100)], ['abcdef']])).toEqual([6, 40]);
  });
});

describe('encodings', () => {
  it.each([
    ['plain', bytes('hello\n'), 'utf-8'],
    ['persian', bytes('گزارش سالانه'), 'utf-8'],
    ['cut in a character', bytes('گزارش').subarray(0, 5), 'utf-8'],
    ['marked', new Uint8Array([0xef, 0xbb, 0xbf, 65]), 'utf-8'],
    ['wide, marked', new Uint8Array([0xff, 0xfe, 65, 0]), 'utf-16le'],
    ['wide, the other way', new Uint8Array([0xfe, 0xff, 0, 65]), 'utf-16be'],
    ['wide, not marked', new Uint8Array([72, 0, 105, 0, 33, 0, 10, 0]), 'utf-16le'],
    ['an old table', new Uint8Array([99, 97, 102, 0xe9, 10]), 'windows-1252'],
    ['bytes', new Uint8Array([0x7f, 69, 76, 70, 2, 1, 1, 0]), 'binary'],
    ['controls', new Uint8Array([1, 2, 3, 65]), 'binary'],
  ])('%s', (_, head, encoding) => {
    expect(encodingOf(head)).toBe(encoding);
  });

  it('tears no character where two pieces meet', () => {
    const whole = bytes('سلام — 你好 🙂');
    for (let at = 0; at <= whole.length; at += 1) {
      const read = reader('utf-8');
      expect(read(whole.subarray(0, at), false) + read(whole.subarray(at), true)).toBe('سلام — 你好 🙂');
    }
  });
});

describe('bytes', () => {
  it('have a place, a number and perhaps a character', () => {
    expect(place(255, digitsOf(1000))).toBe('000000ff');
    expect(digitsOf(2 ** 40)).toBe(10);
    expect(bytesOf(new Uint8Array([0, 255, 65]), 3)).toBe('00 ff 41');
    expect(bytesOf(null, 2)).toBe('·· ··');
    expect(charactersOf(new Uint8Array([60, 0, 200, 126]))).toBe('<··~');
  });
});

describe('any number of rows', () => {
  const small = { count: 1000, row: 20, view: 400 };
  const huge = { count: 1e9, row: 22, view: 770 };

  it('scroll as they are while a browser can', () => {
    expect([isScaled(small), heightOf(small)]).toEqual([false, 20_000]);
    expect(firstAt(410, small)).toBe(20.5);
    expect(scrolledTo(20.5, small)).toBe(410);
  });

  it('scroll in proportion beyond that, to the very last', () => {
    expect([isScaled(huge), heightOf(huge)]).toEqual([true, TALLEST]);
    expect(firstAt(TALLEST - huge.view, huge)).toBe(lastFirst(huge));
    expect(drawn(lastFirst(huge), huge).to).toBe(huge.count);
    for (const first of [0, 12_345, 5e8, lastFirst(huge)]) expect(firstAt(scrolledTo(first, huge), huge)).toBeCloseTo(first, 3);
  });

  it('stay within what there is', () => {
    expect(clamp(-5, small)).toBe(0);
    expect(clamp(1e9, small)).toBe(980);
    expect(drawn(0, { count: 3, row: 20, view: 400 })).toEqual({ from: 0, to: 3 });
    expect(lastFirst({ count: 3, row: 20, view: 400 })).toBe(0);
  });
});

describe('ways of showing', () => {
  it.each([
    ['a.PNG', 'image'],
    ['a.svg', 'image'],
    ['a.tiff', 'drawn'],
    ['a.pdf', 'pages'],
    ['README.md', 'document'],
    ['a.csv', 'table'],
    ['a.zip', 'hex'],
    ['a.mp4', 'video'],
    ['a.wav', 'audio'],
    ['a.html', 'text'],
    ['a.docx', 'guess'],
    ['.png', 'guess'],
    ['Makefile', 'guess'],
  ])('%s: %s', (name, view) => {
    expect(viewsOf({ name })[0]).toBe(view);
    expect(viewsOf({ name })).toContain('hex');
  });
});

describe('the size of an image', () => {
  it('fits, and is never made larger by that', () => {
    expect(fitting({ width: 2000, height: 1000 }, { width: 500, height: 500 })).toBe(0.25);
    expect(fitting({ width: 20, height: 10 }, { width: 500, height: 500 })).toBe(1);
    expect(fitting({ width: 0, height: 0 }, { width: 500, height: 500 })).toBe(1);
  });

  it('goes up and down by steps, and back', () => {
    expect(stepped(0.4, 1)).toBe(0.5);
    expect(stepped(0.4, -1)).toBe(0.33);
    expect(stepped(1, 1)).toBe(1.5);
    expect(stepped(16, 1)).toBe(16);
    expect(stepped(0.05, -1)).toBe(0.05);
  });
});
