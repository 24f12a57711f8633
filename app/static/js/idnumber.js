// What an id number tells is filled in while it is typed: form[data-reads-number]. The server decides all the same.

export function idnumber(page) {
  const form = page.querySelector("form[data-reads-number]");
  if (!form) return;
  const { id_number: number, sex, birth_date: birth, id_expires_on: expires, id_never_expires: forever } = form.elements;

  number.addEventListener("change", () => {
    const told = read(number.value);
    if (!told) return;
    birth.value = told.birth;
    sex.value = told.sex;
  });
  forever.addEventListener("change", () => { if (forever.checked) expires.value = ""; });
  expires.addEventListener("input", () => { if (expires.value) forever.checked = false; });
}

function read(text) {
  const digits = text.normalize("NFKC").replace(/\s/g, "");
  if (!/^[0-9]{17}[0-9Xx]$/.test(digits)) return null;
  const birth = `${digits.slice(6, 10)}-${digits.slice(10, 12)}-${digits.slice(12, 14)}`;
  if (Number.isNaN(Date.parse(birth))) return null;
  return { birth, sex: Number(digits[16]) % 2 ? "male" : "female" };
}
