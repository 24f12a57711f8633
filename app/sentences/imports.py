"""What is wrong with a workbook or one of its cells, and how to mend it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

SENTENCES = {
    "cell_required": _("This cell must not be empty."),
    "cell_error": _("This cell shows an error of the spreadsheet. Type the value itself."),
    "cell_formula": _(
        "This is a formula without a result, or a text that looks like one. Type the value itself."
    ),
    "number_rounded": _(
        "The spreadsheet has rounded this number. Format the column as text and type the number "
        "again from the document."
    ),
    "date_invalid": _("This is no date. Write it like 2026-01-05."),
    "date_in_future": _("This date lies ahead. Please check it."),
    "expiry_invalid": _(
        "This is no date. Write it like 2030-01-05, or 长期 for a document that never expires."
    ),
    "word_unknown": _("Please choose one of: {words}."),
    "text_length": _("This is too long: at most {limit} characters."),
    "id_number_length": _(
        "A number of this document has 18 characters; this one has {length}. Compare it with the document."
    ),
    "id_number_old": _("This is an old 15-digit number. Take the 18-digit one from the present document."),
    "id_number_characters": _(
        "The number may hold digits only, and an X at its end. Compare it with the document."
    ),
    "id_number_date": _(
        "The birth date inside the number does not exist or lies ahead. Compare the number with the document."
    ),
    "id_number_check": _(
        "The check character does not fit, so a digit is probably wrong. Compare it with the "
        "document; if the document really shows it so, write {remark} in 备注."
    ),
    "id_number_other_type": _(
        "This number belongs to another document: {word}. Correct the type or the number."
    ),
    "foreign_permit_shape": _(
        "A foreign permanent resident's card has 3 letters and 12 digits, or 18 digits that begin with 9."
    ),
    "hong_kong_macao_permit_shape": _(
        "This permit's number is H or M and 8 digits, with 2 more after a renewal."
    ),
    "taiwan_permit_shape": _("This permit's number has 8 digits."),
    "passport_shape": _("A passport number has 5 to 17 letters and digits."),
    "birth_date_disagrees": _(
        "The document number says {birth_date}. Correct one of the two, or leave this cell empty."
    ),
    "sex_disagrees": _(
        "This does not agree with the document number. Correct one of the two, or leave this cell empty."
    ),
    "retirement_class_disagrees": _(
        "This class does not fit the sex: 男60 is for men, 女55 and 女50 for women."
    ),
    "class_disagrees_with_record": _(
        "This class does not fit the sex that is on record: 男60 is for men, 女55 and 女50 for women."
    ),
    "name_required": _("Please give the name."),
    "name_length": _("A name has at most {limit} characters."),
    "name_character": _(
        'The name holds "{character}", which is no part of a name. Write it as the document has it.'
    ),
    "name_line_break": _("The name has a line break. Give each person a row of their own, on one line."),
    "name_hidden_sign": _(
        "The name holds a sign that can't be seen ({sign}). Empty the cell and type the name again."
    ),
    "name_private_character": _(
        "The name holds a character that only shows with one special font. Type the rare "
        "character with an input method that knows it."
    ),
    "phone_shape": _("A mobile number has 11 digits."),
    "card_number_shape": _("A card number has 16 to 19 digits."),
    "card_number_check": _("The card number's check digit does not fit. Compare it with the bank's list."),
    "card_number_missing": _("A success must bring its card number."),
    "organisation_code_length": _("A unified social credit code has 18 characters."),
    "organisation_code_characters": _(
        "The code holds a character that such codes never have (I, O, Z, S and V are not used)."
    ),
    "organisation_code_check": _("The check character does not fit. Compare the code with the certificate."),
    "union_code_prefix": _("A union's code begins with 81 or 89."),
    "address_length": _("The address needs more than 6 and fewer than 20 Han characters."),
    "level_required": _("A union of this type needs its level."),
    "level_not_of_type": _("A union of this type can only stand at: {words}."),
    "top_has_parent": _("The municipal union has no union above it. Leave this cell empty."),
    "parent_required": _("Every union but the municipal one names the union above it."),
    "second_municipal": _("There is exactly one municipal union."),
    "level_differs": _("This union is here already at another level. A workbook can't change the level."),
    "parent_differs": _("This union is here already below {parent}. A workbook can't move a union."),
    "parent_missing": _("The union above, {parent}, is neither here nor in a correct row of this workbook."),
    "parent_row_wrong": _("The row of the union above has an error. Mend that row first."),
    "parent_cycle": _("Going up from this union leads back to itself. Correct the unions above."),
    "level_under_parent": _("A union of this level can't stand below that union."),
    "repeated_in_file": _("This appears several times in the workbook, in rows {rows}. Keep one."),
    "phone_repeated_in_file": _("Different people have this mobile number in rows {rows}."),
    "phone_taken": _("This mobile number belongs to another member."),
    "union_unknown": _("There is no such union among those you look after."),
    "union_not_grassroots": _("Members belong to grassroots unions. Give the code of a grassroots union."),
    "union_type_cannot_work": _("A union of this type can't have employers here."),
    "employer_in_other_union": _("This employer belongs to another union."),
    "employer_unknown": _(
        "The member's union has no employer with this code. Import the employer first, or leave "
        "the cell empty."
    ),
    "employer_code_unknown": _("There is no such employer among those you look after."),
    "person_in_other_union": _(
        "This person is a member of another union{named}. Ask for a transfer instead."
    ),
    "person_unknown": _(
        "Nobody here has this document number. Check the number, or import the member first."
    ),
    "person_ambiguous": _("Several people have this number on different documents. Add the column 证件类型."),
    "card_repeated_in_file": _("The same card number is in rows {rows}."),
    "card_taken": _("This card number belongs to another member."),
    "card_issued_already": _("This member has an issued card, so the failure is not recorded."),
    "columns_missing": _(
        "The workbook lacks these columns: {columns}. Take the template, or add them to the header row."
    ),
    "column_repeated": _("The column {column} is there twice. Remove one."),
    "columns_ignored": _("These columns were not read: {columns}."),
    "sheets_ignored": _("Only the sheet {sheet} was read, not: {sheets}."),
    "sheets_hidden": _("Hidden sheets were not read: {sheets}."),
    "formulas_read": _("The sheet has formulas. Their results as last saved were read."),
    "workbook_empty": _("The workbook holds no rows. Take the template and fill it in."),
    "workbook_not_xlsx": _(
        "This is no table that can be read. Save it as .xlsx (.xls and .csv are read too) and upload it again."
    ),
    "workbook_old_format": _(
        "This Excel format is not read (a binary .xlsb, or older than Excel 97). Save it as .xlsx and "
        "upload it again."
    ),
    "workbook_web_page": _(
        "This is a web page that was only named like a workbook. Open it in Excel or WPS, choose Save as, "
        "Excel workbook (.xlsx), and upload that file."
    ),
    "workbook_encrypted": _(
        "The workbook is protected by a password. Remove the password and upload it again."
    ),
    "workbook_damaged": _(
        "The workbook is damaged or incomplete. Open it, save it anew and upload it again."
    ),
    "workbook_too_large": _(
        "The workbook needs too much memory to read, or has cells far away from its table. Copy "
        "the table into a new workbook."
    ),
    "workbook_too_wide": _(
        "The table has more than {limit} columns. Remove those that do not belong to it, or copy the table "
        "into the template."
    ),
    "workbook_without_values": _(
        "The workbook has very many formulas without results. Open it in Excel or WPS, save it, and upload "
        "it again."
    ),
    "text_encoding": _("The characters of this .csv can't be read. Save it as UTF-8, or as .xlsx."),
    "text_quotes": _(
        "In line {line} of this .csv a quotation mark has no partner. Correct the line, or save the table as "
        ".xlsx."
    ),
    "workbook_too_long": _("The workbook has more rows than one import takes. Split it."),
    "file_too_large": _("The file is larger than {limit_mb} MB."),
    "import_not_ready": _("The workbook is still being checked. Please wait a moment."),
    "import_given_up": _(
        "The work on this workbook was interrupted several times and has been given up. Nothing was taken over. "
        "Please try it once more; if it stops again, tell the technical support."
    ),
    "import_failed": _("This workbook could not be read, so there is nothing to import."),
}
