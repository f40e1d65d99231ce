export * from "./usual";

export * from "./rare";
