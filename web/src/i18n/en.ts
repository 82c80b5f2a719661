/** All catalogues of a language in one piece, fetched when it is spoken. */
export default Object.values(import.meta.glob<string>('./en/*.ftl', { query: '?raw', import: 'default', eager: true })).join('\n');
