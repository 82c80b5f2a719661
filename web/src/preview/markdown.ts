/** Markdown as a page of its own that can do nothing.
 *
 * Three walls, each of which would do: DOMPurify lets through only what is text, the frame that shows it may run no script, and
 * it inherits the app's content policy, which loads nothing from elsewhere. Images are named in place of being loaded: a
 * file must not tell anybody that it was looked at.
 */
import DOMPurify from 'dompurify';
import { marked } from 'marked';

const TAGS =
  'a abbr b bdi blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var'.split(' ');
const ATTRIBUTES = ['align', 'colspan', 'dir', 'href', 'lang', 'open', 'rowspan', 'start', 'title'];
/** Links to other places are followed only when they are clicked, in a tab of their own. */
const OUTWARD = /^(?:https?:|mailto:)/i;

const purify = DOMPurify();
purify.addHook('afterSanitizeAttributes', (element) => {
  if (/^(H[1-6]|LI|P|TD|TH|DT|DD|BLOCKQUOTE)$/.test(element.tagName) && !element.hasAttribute('dir')) element.setAttribute('dir', 'auto');
  if (element.tagName === 'PRE') element.setAttribute('dir', 'ltr');
  if (!element.hasAttribute('href')) return;
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer nofollow');
});

const renderer = new marked.Renderer();
renderer.image = ({ text, href }) => `<span title="${escaped(href)}">[${escaped(text || href)}]</span>`;
renderer.checkbox = ({ checked }) => (checked ? '☑ ' : '☐ ');

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
}

/** What may be shown of a text, as HTML. */
export function cleaned(text: string): string {
  const html = marked.parse(text, { async: false, gfm: true, renderer });
  return purify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOWED_URI_REGEXP: OUTWARD,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
}

export function page(text: string, look: { sheet: string; theme: string; language: string; dir: string; title: string }): string {
  return `<!doctype html><html lang="${look.language}" dir="${look.dir}" data-theme="${look.theme}"><head><meta charset="utf-8"><title>${escaped(look.title)}</title><link rel="stylesheet" href="${escaped(look.sheet)}"></head><body>${cleaned(text)}</body></html>`;
}
