/** What kind of file a name promises. It chooses an icon, never what is done with the content. */
export type Family = 'archive' | 'audio' | 'code' | 'image' | 'other' | 'sheet' | 'text' | 'video';

const ENDINGS: Record<Exclude<Family, 'other'>, string> = {
  archive: '7z bz2 gz rar tar tgz xz zip zst',
  audio: 'aac flac m4a mp3 oga ogg opus wav',
  code: 'c cpp cs css go h html java js json kt php py rb rs sh sql svelte toml ts xml yaml yml',
  image: 'avif bmp gif heic jpeg jpg png svg tif tiff webp',
  sheet: 'csv ods tsv xls xlsx',
  text: 'doc docx log md odt pdf rst rtf txt',
  video: 'avi m4v mkv mov mp4 mpeg mpg ogv webm',
};
const families = new Map<string, Family>(
  Object.entries(ENDINGS).flatMap(([family, endings]) => endings.split(' ').map((each) => [each, family as Family])),
);

export function family(name: string): Family {
  const dot = name.lastIndexOf('.');
  return (dot > 0 && families.get(name.slice(dot + 1).toLowerCase())) || 'other';
}
