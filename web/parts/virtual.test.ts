import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { heightOf, indexAt, offsetOf, Scale, tallest, type Geometry } from './virtual.ts';

const shapes: fc.Arbitrary<Geometry> = fc
  .tuple(
    fc.integer({ min: 1, max: 2_000 }),
    fc.integer({ min: 20, max: 100 }),
    fc.integer({ min: 0, max: 40 }),
    fc.array(fc.nat(1_999), { maxLength: 8 }),
  )
  .map(([count, rowHeight, headHeight, at]) => ({
    count,
    rowHeight,
    headHeight,
    headings: [...new Set(at.filter((index) => index < count))]
      .toSorted((a, b) => a - b)
      .map((index) => ({ index, label: `day ${index}` })),
  }));

test('rows follow each other without gap, headings between them', () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      let y = 0;
      for (let index = 0; index < shape.count; index += 1) {
        if (shape.headings.some((heading) => heading.index === index)) y += shape.headHeight;
        assert.equal(offsetOf(shape, index), y);
        y += shape.rowHeight;
      }
      assert.equal(heightOf(shape), y);
    }),
  );
});

test('the row at a height is the one drawn there, its heading counted to it', () => {
  fc.assert(
    fc.property(shapes, fc.double({ min: 0, max: 0.999, noNaN: true }), (shape, part) => {
      const y = part * heightOf(shape);
      const index = indexAt(shape, y);
      const heading = shape.headings.some((each) => each.index === index) ? shape.headHeight : 0;
      assert.ok(y >= offsetOf(shape, index) - heading - 1e-6 && y < offsetOf(shape, index) + shape.rowHeight + 1e-6);
    }),
  );
});

test('a list taller than browsers allow is reached from end to end, and small moves stay small', () => {
  const scale = new Scale();
  const height = 74 * 1_000_000;
  const view = 800;
  assert.equal(scale.physical(height), tallest);
  assert.equal(scale.scrolled(tallest - view, view, height).top, height - view);
  assert.equal(scale.scrolled(0, view, height).top, 0);
  const middle = scale.goto(37_000_000, view, height);
  assert.ok(Math.abs(scale.scrolled(middle + 60, view, height).top - 37_000_060) <= 1);
  assert.ok(Math.abs(scale.drawn(37_000_000) - middle) <= 1);
});

test('a short list is not scaled', () => {
  const scale = new Scale();
  assert.deepEqual(scale.scrolled(1_234, 800, 50_000), { top: 1_234, scrollTop: null });
  assert.equal(scale.drawn(500), 500);
});
