// A model's folder dropped on the page or picked: its files are handed to load(), which reads only what it needs.

export interface Folder {
  name: string;
  files: File[];
}

/** What was dropped: of a folder the files that lie in it, or in the first folder within that holds a config.json. */
export async function dropped(items: DataTransferItemList): Promise<Folder> {
  // Entries must be taken before anything is awaited: the list is empty afterwards.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const folders = entries.filter((entry) => entry.isDirectory) as FileSystemDirectoryEntry[];
  if (!folders.length) return { name: "dropped files", files: await filesOf(entries) };
  for (let i = 0; i < folders.length && i < 100; i++) {
    const inside = await list(folders[i]);
    if (inside.some(({ name }) => name === "config.json"))
      return { name: folders[i].name, files: await filesOf(inside) };
    folders.push(...(inside.filter((entry) => entry.isDirectory) as FileSystemDirectoryEntry[]));
  }
  return { name: folders[0].name, files: await filesOf(await list(folders[0])) };
}

/** What an `<input webkitdirectory>` gives: everything below the folder, with paths by which load() finds the model. */
export function picked(list: Iterable<File>): Folder {
  const files = [...list];
  return { name: files[0]?.webkitRelativePath.split("/")[0] || "folder", files };
}

function filesOf(entries: readonly FileSystemEntry[]): Promise<File[]> {
  const files = entries.filter((entry) => entry.isFile) as FileSystemFileEntry[];
  return Promise.all(files.map((entry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))));
}

/** A folder's entries, which come in parts. */
async function list(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) return all;
    all.push(...part);
  }
}
