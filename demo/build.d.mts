export function buildPage(): Promise<{ engine: number; page: number; fonts: number }>;
