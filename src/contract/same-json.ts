/** Whether two JSON values say the same, whatever the order of their keys. Imports nothing. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return one === other;
  }
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const fields = Object.entries(one).filter(([, value]) => value !== undefined);
  const others = new Map(Object.entries(other).filter(([, value]) => value !== undefined));
  return fields.length === others.size && fields.every(([name, value]) => sameJson(value, others.get(name)));
}
