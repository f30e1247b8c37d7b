import type { Page } from 'playwright-core';

/** A text that is hard to read. */
export interface FaintText {
  readonly text: string;
  readonly ratio: number;
}

/** Texts of the page whose contrast to their ground is below that of WCAG 2 level AA (1.4.3): 4.5, for large text 3. */
export function faintTexts(page: Page): Promise<FaintText[]> {
  return page.evaluate(() => {
    const luminance = ([r = 0, g = 0, b = 0]: number[]): number => {
      const [x = 0, y = 0, z = 0] = [r, g, b].map((value) => {
        const part = value / 255;
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
    const rgba = (color: string): number[] => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const groundOf = (element: Element | null): number[] => {
      for (let at = element; at !== null; at = at.parentElement) {
        const color = rgba(getComputedStyle(at).backgroundColor);
        if ((color[3] ?? 0) > 250) return color;
      }
      return [255, 255, 255];
    };
    const faint: { text: string; ratio: number }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      const text = walker.currentNode.textContent?.trim() ?? '';
      if (element === null || text === '' || !element.checkVisibility() || element.closest('.hidden') !== null)
        continue;
      const style = getComputedStyle(element);
      const [one, other] = [luminance(rgba(style.color)), luminance(groundOf(element))];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) faint.push({ text, ratio });
    }
    return faint;
  });
}

/** Controls that a screen reader would have no name for, and ids that stand twice. */
export function namelessControls(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const nameOf = (element: Element): string => {
      const labelled = (element.getAttribute('aria-labelledby') ?? '')
        .split(' ')
        .map((id) => document.getElementById(id)?.textContent ?? '');
      const labels =
        element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? [...(element.labels ?? [])] : [];
      const text = element instanceof HTMLInputElement ? '' : (element.textContent ?? '');
      return [
        element.getAttribute('aria-label') ?? '',
        ...labelled,
        ...labels.map((label) => label.textContent ?? ''),
        text,
      ]
        .join('')
        .trim();
    };
    const controls = [...document.querySelectorAll('a, button, input, select, summary, section, aside, table, [role]')];
    const nameless = controls
      .filter((one) => nameOf(one) === '' && !one.matches('[role=alert], [role=status]'))
      .map((one) => one.outerHTML.slice(0, 120));
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    return [...nameless, ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `twice: ${id}`)];
  });
}
