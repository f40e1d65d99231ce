// As much of React's types as react.ts needs: React is an optional peer of the package, and not installed to build it.

declare module "react" {
  export interface ReactElement {}
  export interface CSSProperties {}
  export function createElement(type: string, props: Readonly<Record<string, unknown>>): ReactElement;
  export function useEffect(effect: () => undefined | (() => void), deps?: readonly unknown[]): void;
  export function useRef<T>(initial: T | null): { current: T | null };
}
