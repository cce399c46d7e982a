//! Requirements of many kinds: who is asked for, on whose behalf, and which facts are spoken.

use domain::Language;
use speech::extract::{brief, read};

/// A requirement, its addressee and sender (empty: none), facts between bars.
type Row = (&'static str, &'static str, &'static str, &'static str);

const ZH: &[Row] = &[
    ("通知张三明天下午三点在二号会议室开会", "张三", "", "明天下午三点|二号会议室|开会"),
    ("提醒他带身份证", "", "", "提醒您带身份证"),
    ("告诉 Emily 她的快递放在 A 座前台", "Emily", "", "您的快递|A座前台"),
    (
        "我是李四，请帮我通知张三，明天上午九点到派出所办身份证，带户口本和两张照片，费用40元。",
        "张三",
        "李四",
        "明天上午九点|派出所|户口本|两张照片|40元",
    ),
    (
        "请给陈先生打个电话，问他周六晚上七点能不能来参加同学聚会，地点在海底捞国贸店，人均150元。",
        "陈先生",
        "",
        "周六晚上七点|同学聚会|海底捞国贸店|150元",
    ),
    ("明天下午停水，请各位业主提前储水。", "", "", "明天下午停水|提前储水"),
    ("给客户打电话确认订单A1023的收货地址是否是人民路88号。", "", "", "A1023|人民路88号"),
    (
        "帮我给我妈打电话，告诉她我周六晚上八点的飞机到，不用等我吃饭",
        "",
        "",
        "周六晚上八点|飞机|吃饭",
    ),
    (
        "以阳光牙科的名义通知王小明先生，他的洗牙预约改到10月25日上午10:30，如需改期请拨打\
            010-88886666。",
        "王小明先生",
        "阳光牙科",
        "您的洗牙预约|10月25日上午10:30|010-88886666",
    ),
    (
        "收件人：张三\n发件人：李四\n内容：周五聚餐改到下周一晚上六点半，地点是老地方川菜馆",
        "张三",
        "李四",
        "下周一晚上六点半|老地方川菜馆",
    ),
    (
        "李四想请王女士周六晚上去他家吃饭，六点开始，地址是幸福小区3栋502，不用带东西",
        "王女士",
        "李四",
        "周六晚上|他家吃饭|六点|幸福小区3栋502|不用带东西",
    ),
    (
        "张三明天下午三点要去面试，打电话通知他一下，让他带好简历和作品集",
        "张三",
        "",
        "您明天下午三点|面试|简历和作品集",
    ),
    (
        "给13800138000打电话，说明天的课程取消了，改到下周三晚上七点，线上用Zoom上课，会议号 \
            882 1234 5678",
        "",
        "",
        "明天的课程取消|下周三晚上七点|Zoom|882 1234 5678",
    ),
    (
        "麻烦转告小李：\"合同已寄出，单号SF1029384756，请注意查收。\" ——法务部王敏",
        "小李",
        "法务部王敏",
        "合同已寄出|SF1029384756|查收",
    ),
    (
        "通知研发部李雷，他提交的报销单被退回了，原因是缺少发票，请他本周五之前补交给财务韩梅梅",
        "李雷",
        "",
        "报销单被退回|缺少发票|本周五之前|韩梅梅",
    ),
    (
        "请打电话给房东，说厨房水管漏水了，希望今天下午能派人来修，我五点以后在家",
        "房东",
        "",
        "厨房水管漏水|今天下午|五点以后在家",
    ),
    (
        "祝我的老同学赵敏生日快乐，祝她身体健康，告诉她礼物下周二到",
        "赵敏",
        "",
        "生日快乐|身体健康|礼物下周二到",
    ),
    ("代我向孙经理道歉，昨天的会议我迟到了，下次一定准时", "孙经理", "", "道歉|昨天的会议|迟到"),
    (
        "催一下供应商周总，尾款12万5千元请在11月30号前打到公司账户",
        "周总",
        "",
        "12万5千元|11月30号前|公司账户",
    ),
    (
        "电话通知：台风“海葵”明天登陆，幼儿园停课一天，家长请勿送孩子入园",
        "",
        "",
        "台风海葵|明天登陆|停课一天|请勿送孩子入园",
    ),
    (
        "恭喜陈晨考上北京大学，请她9月1日带录取通知书到校报到，学费5,800元",
        "陈晨",
        "",
        "考上北京大学|9月1日|录取通知书|5,800元",
    ),
    (
        "跟李总说一下，下午两点的会改到四点，地点换成3楼大会议室，让他把PPT发到 meeting@acme.com",
        "李总",
        "",
        "下午两点|四点|3楼大会议室|PPT|meeting@acme.com",
    ),
    (
        "联系物业报修，3栋2单元1201室卫生间漏水，业主姓赵，电话13912345678，最好今天下午来人",
        "物业",
        "",
        "报修|3栋2单元1201室|姓赵|13912345678|今天下午",
    ),
    (
        "请通知以下人员参加培训：张三、李四、王五。时间：12月5日上午9:00-11:30。地点：总部B座401。",
        "",
        "",
        "张三|李四|王五|12月5日上午9:00-11:30|总部B座401",
    ),
    (
        "王芳，你好，你的体检报告出来了，请于本周内到三楼导诊台领取，带上身份证。",
        "王芳",
        "",
        "您的体检报告|本周内|三楼导诊台|身份证",
    ),
    ("外卖到了，放在门口，密码锁是 4 4 2 1，记得拿", "", "", "外卖到了|门口|4421"),
    (
        "帮我提醒老公下班买菜：西红柿3个、鸡蛋一盒、牛奶两瓶，大概50块钱",
        "",
        "",
        "西红柿3个|鸡蛋一盒|牛奶两瓶|50块",
    ),
    (
        "你好，麻烦你给我的客户Mr. Thompson打电话，告诉他样品已经于11月18日通过DHL寄出，运单\
            号 JD0146000，预计5天到",
        "Mr. Thompson",
        "",
        "11月18日|DHL|JD0146000|5天",
    ),
    ("能帮我通知张伟明天八点到机场T3吗？", "张伟", "", "明天八点|机场T3"),
    (
        "让Jack明天把笔记本电脑还给IT部的Lily，她在5楼512",
        "Jack",
        "",
        "明天|笔记本电脑|Lily，她在5楼512",
    ),
    (
        "提醒小区业主，本周六（11月28日）上午8:00至下午5:00，因变压器检修停电",
        "",
        "",
        "小区业主|11月28日|8:00|5:00|停电",
    ),
    (
        "给小刘打电话：1）周报今天下班前交；2）客户拜访改到周三上午十点；3）带上样品三件",
        "小刘",
        "",
        "周报今天下班前|周三上午十点|样品三件",
    ),
    (
        "李老师让我通知您，家长会改在本周五晚上七点，在三年级二班教室",
        "",
        "李老师",
        "家长会|本周五晚上七点|三年级二班",
    ),
    (
        "约周敏周五中午十二点半一起吃饭，地点公司楼下的兰州拉面",
        "周敏",
        "",
        "周五中午十二点半|兰州拉面",
    ),
    (
        "转告我弟弟，爸爸住院了，在市一医院住院部8楼12床，让他下班直接过来",
        "",
        "",
        "爸爸住院|市一医院住院部8楼12床|请您下班直接过来",
    ),
    ("张三👍🎉，你的房子装修好了😀，明天来验收", "张三", "", "您的房子装修好了|明天来验收"),
];

const EN: &[Row] = &[
    (
        "Call John Smith and tell him his appointment with Dr. Lee has moved to Tuesday 3 pm",
        "John Smith",
        "",
        "your appointment with Dr. Lee|Tuesday 3 pm",
    ),
    ("tell him that he should bring his passport", "", "", "you should bring your passport"),
    (
        "Please remind Ms. Alvarez that her car is ready for pickup at Oak Garage until 6 pm \
            today. The total is $482.50. She needs to bring her ID.",
        "Ms. Alvarez",
        "",
        "your car|Oak Garage|6 pm today|$482.50|You need to bring your ID",
    ),
    (
        "Hi, I'm Anna Bell. Could you call my landlord and let him know I'll be late with the \
            rent, about 3 days, and ask him to call me back at 555-0199?",
        "",
        "Anna Bell",
        "late with the rent|3 days|call Anna Bell back at 555-0199",
    ),
    (
        "Call the restaurant to book a table for 4 on Friday at 7 pm under the name Chen",
        "the restaurant",
        "",
        "book a table for 4|Friday at 7 pm|Chen",
    ),
    (
        "Your package has arrived at the front desk. Please pick it up before 9 pm.",
        "",
        "",
        "Your package|front desk|before 9 pm",
    ),
    (
        "To: Maria Lopez\nFrom: City Dental\nMessage: Her cleaning is on March 3 at 9:30 am; \
            she must not eat 2 hours before.",
        "Maria Lopez",
        "City Dental",
        "your cleaning|March 3 at 9:30 am|2 hours before",
    ),
    (
        "I need you to phone Mr. Brown at +1 555 0100 and tell him we can't deliver the sofa \
            on Thursday; the new date is Saturday the 14th between 8 and 12, and the fee of \
            25 dollars is waived.",
        "Mr. Brown",
        "",
        "sofa|Thursday|Saturday the 14th|between 8 and 12|25 dollars",
    ),
    (
        "Tell Sarah: \"Dinner's at 8, Luigi's on 5th Avenue, dress code is smart casual.\" \
            From Mark.",
        "Sarah",
        "Mark",
        "Dinner's at 8|5th Avenue|smart casual",
    ),
    (
        "This is Pete from Oak Plumbing. Remind Mrs. Green that we will come tomorrow between \
            1 and 3 pm to fix the boiler, she should clear the area, and the deposit is $60.",
        "Mrs. Green",
        "Pete from Oak Plumbing",
        "tomorrow between 1 and 3 pm|boiler|you should clear the area|$60",
    ),
    (
        "Could you remind my tenant, Mr. Kowalski, that the rent of $1,450 is due on the 1st \
            and he still owes $120 for water?",
        "Mr. Kowalski",
        "",
        "$1,450|due on the 1st|you still owe $120",
    ),
    (
        "On behalf of Northside Library, let Ms. Chen know her reserved book \"The Left Hand \
            of Darkness\" is available until Nov 30.",
        "Ms. Chen",
        "Northside Library",
        "your reserved book|The Left Hand of Darkness|Nov 30",
    ),
    (
        "Ask Tom if he can make it to the meeting on Monday at 10am in room 204",
        "Tom",
        "",
        "if you can make it|Monday at 10am|room 204",
    ),
    (
        "Hello Tom, your table for six at Blue Fin is confirmed for 7:45 pm on Dec 24.",
        "Tom",
        "",
        "table for six|Blue Fin|7:45 pm on Dec 24",
    ),
];

#[test]
fn facts_are_spoken_and_people_are_known() {
    let mut failures = Vec::new();
    for (requirement, addressee, sender, facts) in ZH.iter().chain(EN) {
        let language = Language::of_text(requirement);
        let message = read(requirement, language);
        let said = bare(&message.sentences.concat());
        let some = |s: &str| (!s.is_empty()).then(|| s.to_owned());
        if message.addressee != some(addressee) || message.neutral_sender != some(sender) {
            failures.push(format!(
                "{requirement}: for {:?} from {:?}",
                message.addressee, message.neutral_sender
            ));
        }
        for fact in facts.split('|').filter(|fact| !said.contains(&bare(fact))) {
            failures.push(format!("{requirement}: {fact:?} not in {:?}", message.sentences));
        }
        let purpose = bare(&brief(requirement, language).purpose.unwrap_or_default());
        for fact in facts.split('|').filter(|fact| purpose.contains(&bare(fact))) {
            failures.push(format!("{requirement}: {fact:?} is in the purpose"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn any_text_is_read_without_panic_and_every_number_in_it_is_kept() {
    let rows = ZH.iter().chain(EN).map(|row| row.0);
    for text in rows {
        // Cut anywhere, doubled, reversed: the grammar must bear it.
        let chars: Vec<char> = text.chars().collect();
        for cut in (0..chars.len()).step_by(3) {
            let part: String = chars[cut..].iter().collect();
            let language = Language::of_text(&part);
            let message = read(&part, language);
            let said = bare(&message.sentences.concat());
            let numbers = part.split(|c: char| !c.is_ascii_digit()).filter(|n| n.len() < 7);
            for number in numbers.filter(|_| cut == 0 && !text.contains("13800138000")) {
                let dialled = text.contains("+1 555 0100") && "1555 0100".contains(number);
                assert!(dialled || said.contains(number), "{number} of {part} is lost: {said}");
            }
        }
        let reversed: String = chars.iter().rev().collect();
        read(&reversed, Language::of_text(text));
        read(&format!("{text}{text}"), Language::of_text(text));
    }
}

#[test]
fn the_longest_requirement_without_a_mark_is_read_whole() {
    for unit in
        ["通知张三和李四明天开会", "tell him that Anna ", "他说我的", "1. ", "“", "给", "请提醒"]
    {
        let text: String = unit.repeat(20_000).chars().take(20_000).collect();
        let message = read(&text, Language::of_text(&text));
        let said: usize = message.sentences.iter().map(|s| s.chars().count()).sum();
        assert!(said < 200_000, "{unit}");
    }
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
