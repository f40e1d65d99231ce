// What of a value a JSON Schema does not allow, as far as docs/schemas.mjs writes schemas; properties that a schema does not have
// are faults too.

export function faults(schema, value, path = "", root = schema) {
  if (schema.$ref) {
    const name = decodeURIComponent(schema.$ref.replace("#/definitions/", ""));
    return faults(root.definitions[name], value, path, root);
  }
  if (schema.anyOf) {
    const all = schema.anyOf.map((one) => faults(one, value, path, root));
    return all.some((found) => !found.length) ? [] : all.sort((a, b) => a.length - b.length)[0];
  }
  if ("const" in schema) return value === schema.const ? [] : [`${path} is not ${schema.const}`];
  if (schema.enum) return schema.enum.includes(value) ? [] : [`${path} is none of ${schema.enum}`];
  const types = [schema.type ?? []].flat();
  if (types.length && !types.includes(typeOf(value))) return [`${path} is ${typeOf(value)}, not ${types}`];
  if (Array.isArray(value)) {
    const of = (i) => (Array.isArray(schema.items) ? schema.items[i] : schema.items) ?? {};
    return value.flatMap((one, i) => faults(of(i), one, `${path}[${i}]`, root));
  }
  if (value === null || typeof value !== "object" || !schema.properties) return [];
  const rest = schema.additionalProperties;
  return [
    ...(schema.required ?? []).filter((name) => !(name in value)).map((name) => `${path}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, one]) => {
      if (schema.properties[name]) return faults(schema.properties[name], one, `${path}.${name}`, root);
      return typeof rest === "object"
        ? faults(rest, one, `${path}.${name}`, root)
        : [`${path}.${name} is in no schema`];
    }),
  ];
}

const typeOf = (value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
