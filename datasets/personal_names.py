"""Names of persons in the sentences that introduce them, in English and Chinese.

    "My name is Anna Maria Berg."   ->  (11, 26, "name")
    "患者张伟，男，45岁"              ->  (2, 4, "name")

A name is found by what stands before it (a title, "my name is", "Dear", 姓名) or behind it (先生), not by a list of
names alone: otherwise every word problem would be a record. Two words behind an introduction are sure; a title before a
surname, or a given name alone, is not, because stories and problems are full of them.

The commonest given names in English-speaking countries and the commonest Chinese surnames are public statistics (US
Social Security Administration, UK Office for National Statistics, Ministry of Public Security of China).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .personal_ids import Found

__all__ = ["GIVEN", "SURNAMES", "find_names", "is_chinese_name", "is_english_name"]

_GIVEN = """James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony Mark
    Donald Steven Steve Paul Andrew Joshua Kenneth Kevin Brian George Timothy Ronald Edward Jason Jeffrey Ryan Jacob Gary
    Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Frank Alexander Raymond Patrick
    Jack Dennis Jerry Tyler Aaron Jose Adam Nathan Henry Douglas Zachary Peter Kyle Walter Ethan Jeremy Harold Keith
    Christian Roger Noah Gerald Carl Terry Sean Austin Arthur Lawrence Jesse Dylan Bryan Joe Jordan Billy Bruce Albert
    Willie Gabriel Logan Alan Juan Wayne Roy Ralph Randy Eugene Vincent Russell Louis Philip Bobby Johnny Oliver Harry
    Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Margaret Sandra Ashley
    Kimberly Emily Donna Michelle Dorothy Carol Amanda Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia Kathleen
    Amy Angela Shirley Anna Brenda Pamela Emma Nicole Helen Samantha Katherine Christine Debra Rachel Carolyn Janet
    Catherine Maria Heather Diane Ruth Julie Olivia Joyce Virginia Victoria Kelly Lauren Christina Joan Evelyn Judith
    Megan Andrea Cheryl Hannah Jacqueline Martha Gloria Teresa Ann Anne Sara Madison Frances Kathryn Janice Jean Abigail
    Alice Julia Judy Sophia Grace Denise Amber Doris Marilyn Danielle Beverly Isabella Theresa Diana Natalie Brittany
    Charlotte Marie Kayla Alexis Lori Lucy Chloe Sophie Jane Ella Liam Mason Lucas Leo Oscar Archie Freddie Alfie Mike
    Tom Tim Jim Bob Bill Ben Dan Dave Chris Matt Tony Sam Max Luke Owen Isaac Caleb Elijah Aiden Jayden Mia Zoe Lily Ava
    Mohammed Muhammad Mohamed Ahmed Ali Omar Hassan Fatima Aisha Priya Raj Rahul Wei Ming Li Carlos Luis Miguel Ana Sofia
    Pedro Ivan Olga Hans Klaus Pierre Kate Katie Claire Simon Ian Stuart Graham Nigel Fiona Gemma Lewis Callum"""
GIVEN = frozenset(_GIVEN.split())
"""Given names."""

_NO_NAMES = """sir madam sirs customer customers client team all friend friends colleague colleagues doctor teacher parent
    parents student students pupil user users member members valued subscriber winner lover love baby mum mom dad diary
    everyone anyone nobody none unknown not no yes the this that these those a an and or but of in on at to for from
    with is was were are be been has had have will would can could should may please thank thanks i you he she it we
    they my your his her our their who which what when where why how if so then there here january february march april
    june july august september october november december monday tuesday wednesday thursday friday saturday sunday
    patient male female age aged denies reports presents complains states history new old fine sorry lord god santa
    currently today yesterday tomorrow also very still just only always never good great well let right correct hospital
    bank school university college department clinic dr mr mrs ms miss prof professor hi hello hey dear phone email tel
    address mobile dob mrn date id ssn nhs account card regards sincerely manager nurse sent best kind number yours due
    because since although while voucher holder resident tenant subscriber applicant student therefore first next"""
NO_NAMES = frozenset(_NO_NAMES.split())
"""Words, in small letters, with which no name begins or goes on."""

UP, LOW = r"A-ZÀ-ÖØ-ÞĀ-ŽȘȚ", r"a-zß-öø-ÿā-žșț"
WORD = rf"[{UP}](?:['’][{UP}])?[{LOW}]+(?:[{UP}][{LOW}]+)?(?:[-'’][{UP}][{LOW}]+)*"
PARTICLE = r"(?:(?:van|von|der|den|de|del|della|di|da|dos|la|le|bin|bint|al|el|ter|ten) ){1,3}"
FULL = rf"(?:{WORD}|[{UP}]\.(?: ?[{UP}]\.)*)(?: (?:[{UP}]\.? )*(?:{PARTICLE})?{WORD}){{0,3}}"
FIELD = rf"{WORD}, {WORD}|{FULL}|[{UP}]{{2,}}(?:,? [{UP}]{{2,}}){{1,2}}"
TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Mister|Madam|Sir)\b\.?|(?:MR|MRS|MS|DR|PROF)\.)"
TITLED = re.compile(rf"\b{TITLE} ?(?:and (?:Mrs|Mr|Dr|Ms)\b\.? )?({FULL})", re.ASCII)
SAID = re.compile(
    rf"(?:\b(?i:my (?:full |real |first |last )?name(?:['’]s| is)|name is|i am called|they call me)|"
    rf"^[ \t]*I,(?= {WORD} (?:[A-Z]\. )?[{UP}])) (?:{TITLE} )?({FULL})",
    re.MULTILINE | re.ASCII,
)
LABELLED = re.compile(
    rf"\b(?i:(?:(?:patient|customer|client|student|pupil|full|first|last|given|family|contact|sur|fore|applicant|guardian|"
    rf"(?:card|account)[ _]?holder|employee|parent|teacher|doctor)(?:['’]s)?[ _]?)?name|(?:card|account)[ _]?holder|"
    rf"next of kin|emergency contact|attn|attention)[\"']?[ \t]*[:=][ \t]*[\"']?(?:{TITLE} ?)?({FIELD})",
    re.ASCII,
)
SIGNED = re.compile(
    rf"\b(?i:signed|undersigned|signature)(?:,| by:?|:|\)) ?\s{{0,3}}(?:{TITLE} ?)?({FIELD})|^(?i:from|to|cc): ({WORD} {WORD})(?= *[<(\n])",
    re.MULTILINE | re.ASCII,
)
ROLE = re.compile(
    rf"\b(?i:patient|pt|client|customer|applicant|borrower|student|pupil|employee|resident|physician|surgeon|consultant|"
    rf"nurse|cardholder|guardian|referred by|seen by|reviewed by|prepared by|signed by|spoke (?:to|with)|contact|attn)"
    rf"[:,]? (?:{TITLE} )?({FIELD})",
    re.ASCII,
)
CLOSED = re.compile(
    rf"\b(?i:regards|sincerely|faithfully|truly|respectfully|cheers|best wishes|many thanks|thank you|signed),\s{{0,4}}"
    rf"(?:{TITLE} )?({FULL})(?=\s*(?:$|[.,;\n(]|\d))",
    re.ASCII,
)
GREETED = re.compile(rf"\b(?i:dear|hi|hello|hey)[,]? (?:{TITLE} )?({FULL})(?=\s*(?:[,.!?:;\n-]|$))", re.ASCII)
IAM = re.compile(
    rf"\b(?i:i am|i['’]m|this is|it['’]s|speaking with|ask for|meet|named) (?:{TITLE} )?({FULL})", re.ASCII
)
AGED = re.compile(
    r",? ?(?:\(|(?i:aged?\b|\d{1,3}[ -]?(?:years?|yrs?|yo\b|y/o|[mf]\b|,)|dob\b|mrn\b|date of birth|male\b|female\b|who lives|of \d))"
)
"""What may follow a name in a record."""
EPONYM = re.compile(
    r"(?:['’]s?)?(?:[- ][A-Z]?[a-z]+)? (?i:disease|syndrome|sign|test|palsy|lymphoma|thyroiditis|scale|score)\b"
)


TEMPLATES: tuple[tuple[re.Pattern[str], bool, tuple[str, ...]], ...] = (
    (SAID, True, ("name", "called", "they call", "i,")),
    (LABELLED, True, ("name", "holder", "next of kin", "emergency contact", "attn", "attention")),
    (SIGNED, True, ("sign", "from:", "to:", "cc:")),
    (CLOSED, True, ("regards,", "sincerely,", "faithfully,", "truly,", "respectfully,", "cheers,", "wishes,", "thanks,",
                    "thank you,", "signed,")),
    (ROLE, False, ("patient", "pt", "client", "customer", "applicant", "borrower", "student", "pupil", "employee", "resident",
                   "physician", "surgeon", "consultant", "nurse", "holder", "guardian", " by ", "spoke", "contact", "attn")),
    (IAM, False, ("i am", "i'm", "i’m", "this is", "it's", "it’s", "speaking", "ask for", "meet", "named")),
    (GREETED, False, ("dear", "hi", "hello", "hey")),
    (TITLED, False, ("mr", "ms", "miss", "mx", "dr", "prof", "doctor", "mister", "madam", "sir")),
)  # fmt: skip
"""Pattern, whether one word is enough behind it, and words in small letters of which one must be there."""


def find_names(text: str) -> Iterator[Found]:
    """Names in a text with ASCII marks; two words behind an introduction are sure."""
    lower = text.lower()
    for pattern, sure_alone, needed in TEMPLATES:
        if not any(word in lower for word in needed):
            continue
        for found in pattern.finditer(text):
            span = _trimmed(text, found, found.lastindex or 1)
            if span is None:
                continue
            words = re.findall(rf"[{UP}{LOW}'’-]{{2,}}", text[slice(*span)])
            given = bool(words) and any(word.title() in GIVEN for word in words)
            if pattern in (ROLE, IAM) and not _introduced(text, *span, words):
                continue
            sure = bool(words) and (given or sure_alone) and (len(words) > 1 or sure_alone)
            yield *span, "name", sure
    if HAN_ANY.search(text):
        yield from _chinese(text)


def _introduced(text: str, start: int, end: int, words: list[str]) -> bool:
    """Whether words behind a role ("patient", "I am") are a name: by the given name, or by the age that comes next."""
    if len(words) > 1 and AGED.match(text, end):
        return True
    if not words or not (words[0].title() in GIVEN or ("," in text[start:end] and words[-1].title() in GIVEN)):
        return False
    return (
        len(words) > 1 or text[max(0, start - 2) : start] != ": " or not re.match(r" [a-z]|['’]", text[end : end + 2])
    )


def _trimmed(text: str, found: re.Match[str], group: int) -> tuple[int, int] | None:
    """Where the name stands, without ordinary words behind it; None where it begins with one or names a disease."""
    start = found.start(group)
    end = start
    for word in re.finditer(r"\S+", found[group]):
        if word[0].strip(".,").casefold() in NO_NAMES:
            break
        end = start + word.end()
    said = text[start:end].rstrip(", ")
    end = start + len(said)
    if not said or not re.search(rf"[{UP}]['’]?[{UP}{LOW}]", said) or EPONYM.match(text, end):
        return None
    return start, end


def is_english_name(cell: str) -> bool:
    """Whether a whole cell is a common given name with one to three further words, or "Surname, Given"."""
    said = cell.strip()
    if not re.fullmatch(FIELD, said):
        return False
    words = [word.title() for word in re.findall(rf"[{UP}{LOW}'’-]+", said)]
    return 2 <= len(words) <= 4 and (words[0] in GIVEN or ("," in said and words[1] in GIVEN))


# -- Chinese ----------------------------------------------------------------------------------------------------------

SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪"
    "田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温"
    "芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍"
    "覃霍翁甘景单包司柏宁柯阮桂闵"
)  # fmt: skip
"""The commonest Chinese surnames of one sign."""
COMPOUND = ("欧阳", "上官", "司马", "诸葛", "皇甫", "夏侯", "慕容", "令狐", "尉迟", "公孙", "司徒", "东方")
WORDS_FIRST = frozenset("于常文时安成关向单包司管左路游阳查温盛景严兰章甘施牛曲辛席")
"""Surnames that are ordinary words more often; they count behind 姓名 only."""
NO_SURNAMES = (
    "高年级", "高中", "高一", "高二", "高三", "高烧", "高热", "高血", "高龄", "高脂", "方法", "方面", "白天", "白细胞", "白血", "白内",
    "白带", "黄色", "黄疸", "金额", "金属", "石头", "万一", "江苏", "江西", "江南", "龙头", "马上", "马路", "毛病", "雷同", "钱数",
    "汤药", "田地", "任何", "任意", "任务", "何时", "何种", "何况", "程度", "程序", "许多", "余下", "余数", "易感", "易于", "武汉",
    "夏天", "夏季", "叶子", "周围", "周末", "周一", "周二", "周三", "周四", "周五", "周六", "周日", "周岁", "康复", "段时", "曾经",
    "曾有", "曾患", "胡乱", "顾客", "林业", "高度", "高等", "高级", "高压", "石英", "黄昏", "白色", "白班", "金牌", "方程", "史",
    "孔径", "钟表", "钟头", "杨树", "柳树", "李子", "苏州", "郑州", "徐州", "唐朝", "宋朝", "秦朝", "陈述", "陈旧", "谢谢", "魏晋",
    "万元", "曾用", "胡萝", "孙子", "孙女", "马甲", "龙虾", "石子", "毛巾", "毛衣", "康健", "成绩", "成人", "安全", "时间", "关系",
    "单位", "文化", "文件", "常见", "温度", "路上", "严重", "白癜", "石膏", "金黄", "黄金", "白癜", "万名", "田径", "梅毒", "水肿",
    "牛奶", "苗条", "童年", "项目", "纪念", "谷物", "费用", "关节", "骨", "向量", "班主", "熊猫", "马克", "马尔",
)  # fmt: skip
"""Words that begin like a name."""
HAN_ANY = re.compile(r"[\u4e00-\u9fff]")
HAN = r"[\u4e00-\u9fff]"
FOLLOWS = frozenset("男女今是住因的说患有在和与及您你先小医老同主教护大,.;:!?() \n\t、,。；“”\"'0123456789的了吗呢吧啊")
"""Signs that may follow a name directly."""
PLACEHOLDER = re.compile(r"[某甲乙丙丁ＸX×*○〇]")
STRONG = re.compile(
    r"(?:姓名|名字|联系人|收件人|收货人|户名|持卡人|签名|签字|监护人|家属|曾用名|主治医[师生]|经治医[师生])(?:[:=]|[为是叫]:?|\s)\s*|(?:我叫|名叫|我的名字[是叫])\s*"
)
WEAK = re.compile(
    r"(?:患者|患儿|病人|病患|客户|顾客|家长|学生|同学|申请人|借款人|老师|医生|我是|这是|尊敬的|亲爱的|你好,|您好,)[:, ]?\s*"
)
BACKED = re.compile(r"[,、( ]*(?:男|女|性别|\d{1,3} ?岁|年龄|主诉|出生|电话|手机|身份证|住院|病历|因|先生|女士|小姐)")
AFTER_TITLE = re.compile(r"(?:先生|女士|小姐|太太|阿姨|叔叔|医生|大夫|医师|主任|护士|老师|教授|同学|经理)")
POLITE = ("先生", "女士", "小姐", "太太")
NOT_GIVEN = frozenset(
    "的了和与在是给找对请向把被让叫跟从到为由以及你我他她它们这那哪每各位名个有没不一二三四五六七八九十几两"
)


def _surname(text: str, place: int, strong: bool) -> int:
    """Signs of the surname at a place; 0: none."""
    if text.startswith(COMPOUND, place):
        return 2
    sign = text[place : place + 1]
    if sign not in SURNAMES or not sign or text.startswith(NO_SURNAMES, place):
        return 0
    return 1 if strong or sign not in WORDS_FIRST else 0


def _name_end(text: str, place: int, strong: bool) -> int:
    """Where the Chinese name ends that begins at a place; 0: none does."""
    first = _surname(text, place, strong)
    if not first:
        return 0
    end = place + first
    while end < len(text) and end < place + first + 2 and HAN_ANY.match(text[end]):
        if text[end] in NOT_GIVEN or (end > place + first and text[end] in FOLLOWS) or AFTER_TITLE.match(text, end):
            break
        end += 1
    return 0 if end == place + first or PLACEHOLDER.search(text, place, end) else end


def _chinese(text: str) -> Iterator[Found]:
    """Names behind 姓名, 我叫, 患者 and before 先生, 医生."""
    for found in STRONG.finditer(text):
        end = _name_end(text, found.end(), True)
        if end and (end == len(text) or text[end] in FOLLOWS or not HAN_ANY.match(text[end]) or found[0][0] == "我"):
            yield found.end(), end, "name", True
    for found in WEAK.finditer(text):
        end = _name_end(text, found.end(), True)
        backed = end and BACKED.match(text, end)
        if backed or (end and (end == len(text) or text[end] in ",.!?;) \n") and _name_end(text, found.end(), False)):
            yield found.end(), end, "name", bool(backed)
    for found in AFTER_TITLE.finditer(text):
        for size in (4, 3, 2, 1):
            start = found.start() - size
            if start < 0 or not _surname(text, start, False) or text[max(0, start - 1) : start + 1] in NO_SURNAMES:
                continue
            first = _surname(text, start, False)
            given = text[start + first : found.start()]
            if len(given) > 2 or first + len(given) != size or PLACEHOLDER.search(given) or NOT_GIVEN & set(given):
                continue
            if all(HAN_ANY.match(sign) for sign in given):
                yield start, found.start(), "name", bool(given) and found[0] in POLITE
                break


def is_chinese_name(cell: str) -> bool:
    """Whether a whole cell is a common surname and one or two further signs."""
    said = cell.strip()
    return 2 <= len(said) <= 4 and _name_end(said, 0, True) == len(said)
