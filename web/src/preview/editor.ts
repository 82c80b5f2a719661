/** CodeMirror as a sheet to read: numbered lines, colours by the language that the name tells of, and a way to search. */
import { HighlightStyle, LanguageDescription, bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { languages } from '@codemirror/language-data';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';
import { standardKeymap } from '@codemirror/commands';
import { tags } from '@lezer/highlight';

/** Lines of these are wrapped at the window's edge; of code they are not. */
export const isProse = (name: string) => !/\.[^.]+$/.test(name) || /\.(log|markdown|md|rst|txt|tex)$/i.test(name);

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'var(--surface)', fontSize: '13.5px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overflow: 'auto' },
  '.cm-content': { padding: '0.75rem 0' },
  '.cm-line': { padding: '0 1.25rem 0 0.9rem', unicodeBidi: 'plaintext', textAlign: 'start' },
  '.cm-gutters': { color: 'var(--soft)', backgroundColor: 'var(--surface)', border: '0' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 0.4rem 0 0.9rem', fontVariantNumeric: 'tabular-nums' },
});

const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--code-keyword)' },
    { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.character], color: 'var(--code-string)' },
    { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--code-value)' },
    { tag: [tags.comment, tags.meta, tags.processingInstruction], color: 'var(--soft)' },
    { tag: [tags.typeName, tags.className, tags.tagName, tags.namespace], color: 'var(--code-type)' },
    { tag: [tags.propertyName, tags.attributeName, tags.labelName], color: 'var(--code-name)' },
    { tag: tags.heading, color: 'var(--code-keyword)', fontWeight: '650' },
    { tag: tags.strong, fontWeight: '650' },
    { tag: tags.emphasis, fontStyle: 'italic' },
    { tag: [tags.link, tags.url], color: 'var(--accent)' },
  ]),
);

export class Sheet {
  #view: EditorView;
  #wrapping = new Compartment();
  #language = new Compartment();

  constructor(place: HTMLElement, name: string, label: string) {
    const root = place.shadowRoot ?? place.attachShadow({ mode: 'open' });
    const extensions = [
      lineNumbers(),
      highlightSpecialChars(),
      bracketMatching(),
      keymap.of(standardKeymap),
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.contentAttributes.of({ tabindex: '0', 'aria-label': `${name}: ${label}`, 'aria-readonly': 'true' }),
      this.#wrapping.of([]),
      this.#language.of([]),
      look,
      colours,
    ];
    this.#view = new EditorView({ state: EditorState.create({ extensions }), parent: root, root });
    void this.#speak(name);
  }

  async #speak(name: string): Promise<void> {
    const found = LanguageDescription.matchFilename(languages, name);
    if (!found) return;
    const support = await found.load().catch(() => null); // it is read without colours then
    if (support) this.#view.dispatch({ effects: this.#language.reconfigure(support) });
  }

  append(text: string): void {
    this.#view.dispatch({ changes: { from: this.#view.state.doc.length, insert: text } });
  }

  wrap(on: boolean): void {
    this.#view.dispatch({ effects: this.#wrapping.reconfigure(on ? EditorView.lineWrapping : []) });
  }

  close(): void {
    this.#view.destroy();
  }
}
